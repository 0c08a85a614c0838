import { connect } from 'node:net'
import type { Duplex } from 'node:stream'

/** Connects to a port of a pod; rejects where nothing listens. */
export function dialPod(ip: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: ip, port, allowHalfOpen: true, noDelay: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}
