"""WebSocket, Socket.IO and the event log that lets a client catch up."""
