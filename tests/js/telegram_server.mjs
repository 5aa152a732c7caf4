// telegram-test-api, a Bot API server that is not ours, on a port of 127.0.0.1. It prints one line when it listens and
// ends when its input does.
//   node telegram_server.mjs PORT
import TelegramServer from 'telegram-test-api';

// It posts to the webhook without waiting for the answer; a refusal must not end it, the test sees it elsewhere.
process.on('unhandledRejection', (error) => process.stderr.write(`${error.message}\n`));

const Server = TelegramServer.TelegramServer || TelegramServer;
const server = new Server({ port: Number(process.argv[2]), host: '127.0.0.1' });
await server.start();
process.stdout.write('listening\n');
process.stdin.on('end', () => process.exit(0)).resume();
