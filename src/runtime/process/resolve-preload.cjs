'use strict'
// Loaded into Node programs of pods that cannot be given a resolv.conf: names are asked of the cluster's name server first,
// with the searches of the pod, then of the machine. Ports of Services below 1024, where those need privileges that nobody
// here has, are where the balancer has them instead.
const dns = require('node:dns')
const { readFileSync } = require('node:fs')
const { syncBuiltinESMExports } = require('node:module')
const { isIP, Socket, _normalizeArgs: normalizeArgs } = require('node:net')
const { callbackify } = require('node:util')

const { SHOAL_RESOLVER, SHOAL_SEARCH = '', SHOAL_NDOTS = '1', SHOAL_PORT_SHIFT } = process.env
const FIRST_FREE_PORT = 1024
const searches = SHOAL_SEARCH.split(' ').filter((search) => search !== '')

if (SHOAL_RESOLVER) {
  const servers = dns.getServers()
  const resolver = new dns.promises.Resolver({ timeout: 2000, tries: 2 })
  resolver.setServers([SHOAL_RESOLVER])
  dns.setServers([SHOAL_RESOLVER, ...servers])
  const ofMachine = dns.promises.lookup
  const machineLookup = dns.lookup

  /** The names to try for one that was asked, as resolvers do: a name with few dots is first tried in each search. */
  const candidates = (name) => {
    if (name.endsWith('.')) return [name]
    const inSearches = searches.map((search) => `${name}.${search}`)
    return name.split('.').length > Number(SHOAL_NDOTS) ? [name, ...inSearches] : [...inSearches, name]
  }
  /** The addresses that the cluster has for the name; undefined where it has none or does not answer. */
  const ofCluster = async (name, family) => {
    for (const candidate of candidates(name)) {
      try {
        const found = await (family === 6 ? resolver.resolve6(candidate) : resolver.resolve4(candidate))
        if (found.length > 0) return found.map((address) => ({ address, family: family === 6 ? 6 : 4 }))
      } catch (error) {
        if (error.code !== 'ENOTFOUND' && error.code !== 'ENODATA') return undefined
      }
    }
    return undefined
  }
  const lookup = async (name, options) => {
    const settings = typeof options === 'number' ? { family: options } : (options ?? {})
    const isLocal = !name || isIP(name) || name === 'localhost' || inHostsFile(name)
    const found = isLocal ? undefined : await ofCluster(name, settings.family)
    if (found === undefined) return await ofMachine(name, options)
    return settings.all ? found : found[0]
  }
  dns.promises.lookup = lookup
  const called = callbackify(lookup)
  dns.lookup = (name, options, callback) => {
    const done = typeof options === 'function' ? options : callback
    const settings = typeof options === 'function' ? {} : (options ?? {})
    if (typeof done !== 'function' || (name && typeof name !== 'string')) return machineLookup(name, options, callback)
    called(name, settings, (error, found) => {
      if (error || settings.all) done(error, found)
      else done(null, found.address, found.family)
    })
    return {}
  }
  if (SHOAL_PORT_SHIFT) shiftPorts(Number(SHOAL_PORT_SHIFT))
  syncBuiltinESMExports()
}

function inHostsFile(name) {
  try {
    const lines = readFileSync('/etc/hosts', 'utf8').split('\n')
    return lines.some((line) => line.replace(/#.*/, '').trim().split(/\s+/).slice(1).includes(name))
  } catch {
    return false
  }
}

/** Services of a cluster on loopback have their addresses from 127.224.0.0 on. */
function isService(address) {
  const [, a, b] = /^(\d+)\.(\d+)\./.exec(address) ?? []
  return a === '127' && Number(b) >= 224
}

function shiftPorts(shift) {
  const connect = Socket.prototype.connect
  Socket.prototype.connect = function (...args) {
    const [options, callback] = normalizeArgs(args.length === 1 && Array.isArray(args[0]) ? args[0] : args)
    const { port, host } = options
    if (!(Number(port) > 0 && Number(port) < FIRST_FREE_PORT) || !host) return connect.apply(this, args)
    const at = (address) => (isService(address) ? { ...options, host: address, port: Number(port) + shift } : options)
    if (isIP(host)) return connect.call(this, at(host), callback)
    // What is written meanwhile waits, as it does for any connection that is being made.
    this.connecting = true
    dns.lookup(host, { family: 4 }, (error, address) => {
      if (this.destroyed) return
      this.connecting = false
      connect.call(this, error ? options : at(address), callback)
    })
    return this
  }
}
