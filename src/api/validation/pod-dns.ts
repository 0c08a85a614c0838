import type { HostAlias, PodSpec } from '../generated/core-v1.ts'
import { invalid, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { dnsSubdomainProblems, underscoredSubdomainProblems } from '../meta/names.ts'
import { validateLenientIp } from './addresses.ts'
import { named } from './object-meta.ts'

const MOST_NAMESERVERS = 3
const MOST_SEARCHES = 32
const MOST_SEARCH_CHARACTERS = 2048

/** How names are looked up in a pod. */
export function validateDns({ dnsPolicy, dnsConfig }: PodSpec, path: string): FieldError[] {
  if (dnsPolicy === 'None') {
    if (dnsConfig === undefined) return [required(path, 'must provide `dnsConfig` when `dnsPolicy` is None')]
    if ((dnsConfig.nameservers ?? []).length === 0) {
      return [required(`${path}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None')]
    }
  }
  const { nameservers = [], searches = [], options = [] } = dnsConfig ?? {}
  const errors: FieldError[] = []
  if (nameservers.length > MOST_NAMESERVERS) {
    errors.push(invalid(`${path}.nameservers`, nameservers, `must not have more than ${MOST_NAMESERVERS} nameservers`))
  }
  nameservers.forEach((one, i) => errors.push(...validateLenientIp(`${path}.nameservers[${i}]`, one)))
  if (searches.length > MOST_SEARCHES) {
    errors.push(invalid(`${path}.searches`, searches, `must not have more than ${MOST_SEARCHES} search paths`))
  }
  if (searches.join(' ').length > MOST_SEARCH_CHARACTERS) {
    const detail = `must not have more than ${MOST_SEARCH_CHARACTERS} characters (including spaces) in the search list`
    errors.push(invalid(`${path}.searches`, searches, detail))
  }
  searches.forEach((search, i) => {
    if (search === '.') return
    const name = search.replace(/\.$/, '')
    errors.push(...named(`${path}.searches[${i}]`, name, underscoredSubdomainProblems(name)))
  })
  options.forEach(({ name }, i) => {
    if (!name) errors.push(required(`${path}.options[${i}]`, 'must not be empty'))
  })
  return errors
}

export function validateHostAliases(aliases: readonly HostAlias[], path: string): FieldError[] {
  return aliases.flatMap(({ ip, hostnames }, i) => [
    ...validateLenientIp(`${path}[${i}].ip`, ip),
    ...(hostnames ?? []).flatMap((name, j) => named(`${path}[${i}].hostnames[${j}]`, name, dnsSubdomainProblems(name))),
  ])
}
