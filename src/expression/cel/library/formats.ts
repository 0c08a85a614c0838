import {
  dns1035LabelProblems,
  dnsLabelProblems,
  dnsSubdomainProblems,
  labelKeyProblems,
  labelValueProblems,
} from '../../../api/meta/names.ts'
import type { Library } from '../functions.ts'
import { parseTimestamp } from '../time.ts'
import { NONE, Opaque, OptionalValue } from '../values.ts'

/** What is wrong with a text; nothing where it has the format. */
type Check = (text: string) => readonly string[]

interface Format {
  readonly name: string
  readonly check: Check
}

/** A name that may yet grow: a dash at the end does not count. */
const prefix =
  (check: Check): Check =>
  (text) =>
    check(text.length > 1 && text.endsWith('-') ? `${text.slice(0, -1)}a` : text)

const either =
  (isValid: (text: string) => boolean, problem: string): Check =>
  (text) =>
    isValid(text) ? [] : [problem]

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const URI = /^(?:[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^\s/]*|\/)\S*$/

/** By name: how its check works, and the size of its pattern for the purposes of cost. */
const NAMED: Readonly<Record<string, readonly [name: string, size: number, check: Check]>> = {
  dns1123Label: ['DNS1123Label', 30, dnsLabelProblems],
  dns1123Subdomain: ['DNS1123Subdomain', 60, dnsSubdomainProblems],
  dns1035Label: ['DNS1035Label', 30, dns1035LabelProblems],
  qualifiedName: ['QualifiedName', 60, labelKeyProblems],
  dns1123LabelPrefix: ['DNS1123LabelPrefix', 30, prefix(dnsLabelProblems)],
  dns1123SubdomainPrefix: ['DNS1123SubdomainPrefix', 60, prefix(dnsSubdomainProblems)],
  dns1035LabelPrefix: ['DNS1035LabelPrefix', 30, prefix(dns1035LabelProblems)],
  labelValue: ['LabelValue', 40, labelValueProblems],
  uri: ['URI', 1104, (text) => (URI.test(text) ? [] : [`parse "${text}": invalid URI for request`])],
  uuid: ['uuid', 80, either((text) => UUID.test(text), 'does not match the UUID format')],
  byte: ['byte', 84, either((text) => text !== '' && BASE64.test(text), 'invalid base64')],
  date: ['date', 148, either((text) => /^\d{4}-\d\d-\d\d$/.test(text) && isTime(`${text}T00:00:00Z`), 'invalid date')],
  datetime: ['datetime', 148, either(isTime, 'invalid datetime')],
}

function isTime(text: string): boolean {
  return parseTimestamp(text) !== undefined
}

/** Kubernetes' named formats. */
export const FORMATS: Library = {
  ...Object.fromEntries(Object.keys(NAMED).map((key) => [`format.${key}() kubernetes.NamedFormat`, () => named(key)])),
  'format.named(string) optional<kubernetes.NamedFormat>': (key: string) =>
    Object.hasOwn(NAMED, key) ? new OptionalValue(named(key)) : NONE,
  'kubernetes.NamedFormat::validate(string) optional<list<string>>': ({ value }: Opaque<Format>, text: string) => {
    const problems = value.check(text)
    return problems.length === 0 ? NONE : new OptionalValue(problems)
  },
}

function named(key: string): Opaque<Format> {
  const found = NAMED[key]
  if (found === undefined) throw new Error(`There is no format "${key}"`)
  const [name, size, check] = found
  return new Opaque('kubernetes.NamedFormat', { name, check }, name, size)
}
