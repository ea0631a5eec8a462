import { parentPort } from 'node:worker_threads'

/** Sends back whatever comes. */
const port = parentPort!
port.on('message', (message) => port.postMessage(message))
