'use strict'
// Loaded into Node programs of pods that have no network of their own: what would listen on every address, or on none in
// particular, listens on the pod's. What names an address of its own choice keeps it.
const { Server } = require('node:net')
const address = process.env['SHOAL_BIND_ADDRESS']
const EVERYWHERE = new Set([undefined, null, '', '0.0.0.0', '::', 'localhost'])

if (address) {
  const listen = Server.prototype.listen
  Server.prototype.listen = function (...args) {
    return listen.apply(this, bound(args))
  }
  const { Socket } = require('node:dgram')
  const bind = Socket.prototype.bind
  Socket.prototype.bind = function (...args) {
    const [first, second] = args
    if (typeof first === 'object' && first !== null) {
      if (first.fd === undefined && EVERYWHERE.has(first.address)) args[0] = { ...first, address }
    } else if (typeof second !== 'string')
      args.splice(
        first === undefined || typeof first === 'function' ? 0 : 1,
        0,
        ...(typeof first === 'number' ? [address] : [0, address]),
      )
    else if (EVERYWHERE.has(second)) args[1] = address
    return bind.apply(this, args)
  }
}

/** The arguments of `listen` (port, host?, backlog?, callback?) or (options, callback?) or (path, ...) with our host. */
function bound(args) {
  const [first, second] = args
  if (typeof first === 'object' && first !== null) {
    const isPort = first.path === undefined && first.fd === undefined && first.port !== undefined
    return isPort && EVERYWHERE.has(first.host) ? [{ ...first, host: address }, ...args.slice(1)] : args
  }
  const isPort = typeof first === 'number' || (typeof first === 'string' && /^\d+$/.test(first))
  if (first === undefined || typeof first === 'function' || first === null) {
    return [0, address, ...args.filter((arg) => typeof arg === 'function')]
  }
  if (!isPort) return args
  if (typeof second === 'string') return EVERYWHERE.has(second) ? [first, address, ...args.slice(2)] : args
  return [first, address, ...args.slice(second === undefined || second === null ? 2 : 1)]
}
