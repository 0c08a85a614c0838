import fs, { existsSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

/** Loaded ahead of a worker: it sees nothing of this machine's shared memory, as on another one. */
fs.existsSync = (path) => !String(path).startsWith('/dev/shm') && existsSync(path)
syncBuiltinESMExports()
