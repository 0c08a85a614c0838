import type { AddressInfo } from 'node:net'
import type { Shoal } from '../compute/shoal.ts'
import { joinedMetrics } from '../compute/trace/metrics-text.ts'
import { CliError } from './cli-error.ts'

/** Serves the metrics of a program's sessions at `/metrics`, those that are closed among them, until the program ends. */
export async function serveMetrics(
  address: string,
  sessions: ReadonlySet<Pick<Shoal, 'metrics'>>,
): Promise<Disposable> {
  const { host, port } = hostAndPort(address)
  // Its import would load the fetch of Node.
  const { createServer } = process.getBuiltinModule('node:http')
  const server = createServer((request, response) => {
    const isKnown = request.url?.split('?')[0] === '/metrics'
    response.writeHead(isKnown ? 200 : 404, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
    response.end(isKnown ? joinedMetrics(Array.from(sessions, (session) => session.metrics())) : 'see /metrics\n')
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: Error) => reject(unusable(address, error.message)))
    server.listen(port, host, resolve)
  })
  // It keeps no program alive.
  server.unref()
  const bound = server.address() as AddressInfo
  process.stderr.write(`metrics: http://${host.includes(':') ? `[${host}]` : host}:${bound.port}/metrics\n`)
  return {
    [Symbol.dispose]() {
      server.close()
      server.closeAllConnections()
    },
  }
}

function hostAndPort(address: string): { readonly host: string; readonly port: number } {
  const at = address.lastIndexOf(':')
  const port = Number(address.slice(at + 1))
  if (address === '' || !Number.isInteger(port) || port < 0 || port > 65_535)
    throw unusable(address, 'no port, expected PORT or HOST:PORT')
  return { host: at < 0 ? '127.0.0.1' : address.slice(0, at).replace(/^\[(.*)\]$/, '$1'), port }
}

function unusable(address: string, why: string): CliError {
  return new CliError('CLI_METRICS', `Cannot serve metrics at "${address}": ${why}`, 'name a free port, such as 9464')
}
