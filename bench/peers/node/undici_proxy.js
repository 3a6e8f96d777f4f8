// The peer on undici: node undici_proxy.js <port> <backend port> <rights.json> <log file>
'use strict';
const http = require('node:http');
const { Pool } = require('undici');
const { accessLog, decide, load } = require('./same_work.js');

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade']);
const [port, backendPort, rightsFile, logFile] = process.argv.slice(2);
const rights = load(rightsFile);
const log = accessLog(logFile);
const pool = new Pool(`http://127.0.0.1:${backendPort}`, { connections: 256, pipelining: 1 });

function passed(headers) {
  const result = {};
  for (const [name, value] of Object.entries(headers)) {
    if (!HOP_BY_HOP.has(name)) result[name] = value;
  }
  return result;
}

http
  .createServer((request, response) => {
    const [status, target, user] = decide(rights, request);
    if (status !== 200) {
      response.writeHead(status).end();
      return;
    }
    const headers = passed(request.headers);
    headers.host = `127.0.0.1:${backendPort}`;
    headers.authorization = rights.credential;
    log(`${user} ${request.method} ${target}`);
    pool.stream(
      { path: target, method: 'GET', headers },
      (answer) => response.writeHead(answer.statusCode, passed(answer.headers)),
      (error) => {
        if (error && !response.headersSent) response.writeHead(502).end();
        else if (error) response.destroy();
      },
    );
  })
  .listen(Number(port), '127.0.0.1');
