import { readFileSync } from 'node:fs'
import { PORT_SHIFT } from './services/service-port.ts'

/** The port itself, or the one that is listened on instead where it needs privileges that nobody here has. */
export function freePort(port: number): number {
  if (process.platform !== 'linux' || process.getuid?.() === 0) return port
  const first = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'))
  return first <= port ? port : port + PORT_SHIFT
}
