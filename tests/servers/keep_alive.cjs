// Loaded before kinesalite: Node ends a connection after 5 s of silence, and a client that sends
// just then has no answer. Kinesis keeps them for longer than any test.
const http = require("node:http");

const createServer = http.createServer;
http.createServer = (...given) => Object.assign(createServer(...given), { keepAliveTimeout: 60_000 });
