'use strict'
// Loaded into Node programs of pods that have no network of their own: a connection to a Service's address is made to one of its
// endpoints, as it is where the kernel balances, and no byte passes through the balancer. What endpoints there are stands in the
// target of a symbolic link for each address and port, which the balancer replaces as a whole: reading it takes one call, at each
// connection, so that nothing has to be kept in step. Whoever has no link, or whose endpoint does not answer, is the balancer's.
const { readlinkSync } = require('node:fs')
const { Socket } = require('node:net')

const { SHOAL_ENDPOINTS, SHOAL_PORT_SHIFT } = process.env
const FIRST_FREE_PORT = 1024
const shift = Number(SHOAL_PORT_SHIFT ?? 0)
const asked = Symbol('the address of the Service that was asked for')
/** What the links said last, by address and port; the oldest goes first. */
const known = new Map()
const MOST_KNOWN = 256

if (SHOAL_ENDPOINTS || shift > 0) {
  const { connect } = Socket.prototype
  // The prototype of handles is seen with the first socket that has one: it connects no sooner than in the next tick.
  Socket.prototype.connect = function (...args) {
    const result = connect.apply(this, args)
    const handle = this._handle?._parent ?? this._handle
    if (typeof handle?.connect6 === 'function') {
      if (Socket.prototype.connect === hooked) Socket.prototype.connect = connect
      translate(Object.getPrototypeOf(handle))
    }
    return result
  }
  const hooked = Socket.prototype.connect
}

/** Services of a cluster on loopback have their addresses from 127.224.0.0 on. */
function isService(address) {
  return address.startsWith('127.2') && Number(address.slice(4, address.indexOf('.', 4))) >= 224
}

function translate(prototype) {
  if (prototype[asked] !== undefined) return
  const { connect, getpeername } = prototype
  prototype[asked] = null
  prototype.connect = function (request, address, port) {
    if (!isService(address)) return connect.call(this, request, address, port)
    const low = port < FIRST_FREE_PORT ? port + shift : port
    const target = SHOAL_ENDPOINTS && targetOf(`${address}:${port}`)
    if (!target) return connect.call(this, request, address, low)
    const { oncomplete } = request
    const balanced = (otherwise) => {
      this[asked] = null
      const again = () => {
        const next = Object.assign(new request.constructor(), request, { oncomplete })
        return connect.call(this, next, address, low)
      }
      // Linux tells a socket that was refused once more that it was, before it connects again.
      if (again() !== 0 && again() !== 0) otherwise()
    }
    request.oncomplete = function (status, ...rest) {
      if (status < 0) balanced(() => oncomplete.call(request, status, ...rest))
      else oncomplete.call(request, status, ...rest)
    }
    this[asked] = { address, port }
    return connect.call(this, request, target.address, target.port)
  }
  prototype.getpeername = function (out) {
    const code = getpeername.call(this, out)
    return code === 0 && this[asked] ? (Object.assign(out, this[asked]), 0) : code
  }
}

/** The next of the endpoints, from any of them on; undefined where the balancer has to choose. */
function targetOf(place) {
  let text
  try {
    text = readlinkSync(`${SHOAL_ENDPOINTS}/${place}`)
  } catch {
    return undefined
  }
  let service = known.get(place)
  if (service?.text !== text) {
    const targets = text
      .split(',')
      .map(parse)
      .filter((target) => target.port > 0)
    service = { text, targets, next: service?.next ?? Number(process.hrtime.bigint() % 1000n) }
    known.delete(place)
    known.set(place, service)
    if (known.size > MOST_KNOWN) known.delete(known.keys().next().value)
  }
  if (service.targets.length === 0) return undefined
  service.next = (service.next + 1) % service.targets.length
  return service.targets[service.next]
}

function parse(text) {
  const [address, port] = text.split(':')
  return { address, port: Number(port) }
}
