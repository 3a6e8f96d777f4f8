// What both Node peers do before they forward: token looked up by its SHA-256, query narrowed.
'use strict';
const { createHash } = require('node:crypto');
const { createWriteStream, readFileSync } = require('node:fs');

const BASE = '/ProfitRestServices/connectors/';
const KNOWN = new Set(['skip', 'take', 'orderbyfieldids', 'filterfieldids', 'filtervalues', 'operatortypes']);

function load(file) {
  const { tokens, fields, backend_credential: credential } = JSON.parse(readFileSync(file, 'utf8'));
  return { tokens: new Map(Object.entries(tokens)), fields: new Map(Object.entries(fields)), credential };
}

function callerOf(rights, authorization) {
  const encoded = /^AfasToken (\S+)$/.exec(authorization ?? '');
  const data = encoded && /<data>([0-9A-Fa-f]{64})<\/data>/.exec(Buffer.from(encoded[1], 'base64').toString('latin1'));
  return data ? rights.tokens.get(createHash('sha256').update(data[1]).digest('hex')) : undefined;
}

// The query with the department added to the client's filter; null for what is not understood.
function narrow(query, field, department) {
  const parameters = new URLSearchParams(query);
  const names = [...parameters.keys()];
  if (new Set(names).size !== names.length || names.some((name) => !KNOWN.has(name) || parameters.get(name).includes(';'))) return null;
  const list = (name) => (parameters.get(name) ? parameters.get(name).split(',') : []);
  const [fields, values, operators] = ['filterfieldids', 'filtervalues', 'operatortypes'].map(list);
  if (fields.length !== values.length || fields.length !== operators.length) return null;
  parameters.set('filterfieldids', [...fields, field].join(','));
  parameters.set('filtervalues', [...values, department].join(','));
  parameters.set('operatortypes', [...operators, '1'].join(','));
  return parameters.toString();
}

// [200, what to ask the backend for, user] or [status of the refusal].
function decide(rights, request) {
  const caller = callerOf(rights, request.headers.authorization);
  if (!caller) return [401];
  const mark = request.url.indexOf('?');
  const path = mark < 0 ? request.url : request.url.slice(0, mark);
  const field = path.startsWith(BASE) ? rights.fields.get(path.slice(BASE.length)) : undefined;
  if (!field || request.method !== 'GET') return [403];
  const query = narrow(mark < 0 ? '' : request.url.slice(mark + 1), field, caller.department);
  return query === null ? [400] : [200, `${path}?${query}`, caller.user];
}

// One line for each request, written together every 64 KB or second.
function accessLog(file) {
  const stream = createWriteStream(file);
  let lines = '';
  const flush = () => {
    if (lines) stream.write(lines);
    lines = '';
  };
  setInterval(flush, 1000).unref();
  return (line) => {
    lines += `${new Date().toISOString()} ${line}\n`;
    if (lines.length > 65536) flush();
  };
}

module.exports = { accessLog, decide, load };
