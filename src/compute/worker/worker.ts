import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { serveFromEnvironment } from './serve.ts'
import { runThread } from './thread.ts'
import type { ThreadData } from './thread.ts'

/**
 * The program of a worker pod, one file when it is built. Its main thread keeps the connection and answers heartbeats;
 * user code runs on further threads of the same file.
 */
if (isMainThread) serveFromEnvironment(process.env, new URL(import.meta.url))
else if (parentPort !== null) runThread(parentPort, workerData as ThreadData)
