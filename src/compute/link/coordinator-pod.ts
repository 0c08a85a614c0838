import type { Duplex } from 'node:stream'
import { systemEnvironment } from '../../env/system.ts'
import { serveWorker } from '../coordinator/listen.ts'
import { createSecureServer, listenOn, readTrust } from '../wire/secure.ts'
import { COORDINATOR_VARIABLES } from './coordinator-variables.ts'
import { createDriverService } from './serve-driver.ts'

/**
 * The program of a run's coordinator pod, one file when it is built. Driver and workers dial the same port: which of them
 * somebody is, their certificate says.
 */
async function main(variables: NodeJS.ProcessEnv): Promise<void> {
  const port = Number(variables[COORDINATOR_VARIABLES.port])
  const token = variables[COORDINATOR_VARIABLES.token] ?? ''
  const say = (text: string) => process.stderr.write(`${text}\n`)
  const env = systemEnvironment()
  const service = createDriverService({
    env,
    awayMs: Number(variables[COORDINATOR_VARIABLES.awayMs]),
    onEnd(reason) {
      say(`ends: ${reason}`)
      // Workers are told to leave in this turn; what is written then is on its way.
      env.timers.soon(() => process.exit(0))
    },
  })
  const trust = readTrust(variables[COORDINATOR_VARIABLES.trust] ?? '')
  const server = createSecureServer(trust, ['driver', 'worker'], (socket: Duplex, role) => {
    socket.on('error', () => {})
    if (role === 'worker') serveWorker(socket, token, service.coordinator, env.timers)
    else service.accept(socket).catch((error: Error) => say(`refused a driver: ${error.message}`))
  })
  server.on('tlsClientError', (error) => say(`refused a connection: ${error.message}`))
  process.once('SIGTERM', () => process.exit(0))
  say(`listens on port ${await listenOn(server, port)}`)
}

await main(process.env)
