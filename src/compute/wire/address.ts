import type { NetConnectOpts } from 'node:net'

/** Where a coordinator or worker listens, as it is written in an environment variable: `unix:/path`, `tcp:host:port`, `tls:host:port`. */
export function parseAddress(address: string): NetConnectOpts {
  if (address.startsWith('unix:')) return { path: address.slice('unix:'.length) }
  const match = /^t(?:cp|ls):(.+):(\d+)$/.exec(address)
  if (match === null)
    throw new Error(`Cannot read address "${address}", expected unix:/path, tcp:host:port or tls:host:port`)
  return { host: match[1]!.replace(/^\[|\]$/g, ''), port: Number(match[2]), noDelay: true }
}
