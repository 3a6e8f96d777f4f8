// The peer on http-proxy: node http_proxy.js <port> <backend port> <rights.json> <log file>
'use strict';
const http = require('node:http');
const httpProxy = require('http-proxy');
const { accessLog, decide, load } = require('./same_work.js');

const [port, backendPort, rightsFile, logFile] = process.argv.slice(2);
const rights = load(rightsFile);
const log = accessLog(logFile);
const proxy = httpProxy.createProxyServer({
  target: `http://127.0.0.1:${backendPort}`,
  changeOrigin: true,
  agent: new http.Agent({ keepAlive: true, maxSockets: 256 }),
});
proxy.on('error', (error, request, response) => response.writeHead(502).end());

http
  .createServer((request, response) => {
    const [status, target, user] = decide(rights, request);
    if (status !== 200) {
      response.writeHead(status).end();
      return;
    }
    request.url = target;
    request.headers.authorization = rights.credential;
    log(`${user} ${request.method} ${target}`);
    proxy.web(request, response);
  })
  .listen(Number(port), '127.0.0.1');
