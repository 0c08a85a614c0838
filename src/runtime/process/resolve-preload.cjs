'use strict'
// Loaded into Node programs of pods that cannot be given a resolv.conf: names are asked of the cluster's name server first,
// with the searches of the pod, then of the machine.
const dns = require('node:dns')
const { readFileSync } = require('node:fs')
const { syncBuiltinESMExports } = require('node:module')
const { isIP } = require('node:net')
const { callbackify } = require('node:util')

const { SHOAL_RESOLVER, SHOAL_SEARCH = '', SHOAL_NDOTS = '1' } = process.env
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
