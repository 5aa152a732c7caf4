// A Socket.IO client as the documents describe it, with the real socket.io-client. It prints one JSON line for each
// thing that happens, and does what it reads: {"emit": name, "payload": ...} is answered with {"ack": ...}.
//   node socketio_client.mjs URL TOKEN [polling|websocket]
import { createInterface } from 'node:readline';
import { io } from 'socket.io-client';

const [url, token, transport] = process.argv.slice(2);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const socket = io(url, { auth: { token }, transports: [transport || 'websocket'], reconnection: false });

socket.on('connect', () => say({ connected: true }));
socket.on('connect_error', (error) => say({ refused: error.message }));
socket.on('disconnect', (reason) => say({ disconnected: reason }));
socket.onAny((name, payload) => say({ event: name, payload }));

const input = createInterface({ input: process.stdin });
input.on('line', (line) => {
  const asked = JSON.parse(line);
  socket.emit(asked.emit, asked.payload, (answer) => say({ ack: answer }));
});
input.on('close', () => {
  socket.disconnect();
  process.exit(0);
});
