import type { KubeObject } from '../../api/object.ts'
import type { Definition, JsonSchema } from './json-schema.ts'
import { parseCidr, parseIp } from '../../api/meta/ip-address.ts'

/** Whether a text has a format, by the name that it has without dashes. Unknown formats say nothing of a text. */
export function hasFormat(format: string, text: string): boolean {
  const test = FORMATS[format.replaceAll('-', '')]
  return test === undefined || test(text)
}

/** Of formats in a definition's schemas that nothing will be held to. */
export function formatWarnings(definition: KubeObject): readonly string[] {
  const found = new Set<string>()
  const visit = (schema: JsonSchema | undefined): void => {
    if (schema === undefined) return
    const { type, format, items, properties, additionalProperties } = schema
    if (type === 'string' && format && FORMATS[format.replaceAll('-', '')] === undefined) found.add(format)
    visit(items)
    if (typeof additionalProperties === 'object') visit(additionalProperties)
    Object.values(properties ?? {}).forEach(visit)
  }
  for (const { schema } of (definition as Definition).spec.versions) visit(schema?.openAPIV3Schema)
  return [...found].sort().map((format) => `unrecognized format ${JSON.stringify(format)}`)
}

const like = (pattern: RegExp) => (text: string) => pattern.test(text)
const uuid = (version: string, variant = '[0-9a-f]') =>
  like(new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?${variant}[0-9a-f]{3}-?[0-9a-f]{12}$`, 'i'))

const COLOUR = String.raw`\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*`
const CARD =
  /^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})$/

/** The formats of OpenAPI schemas that Kubernetes looks at, as the validator that it has them from does. */
const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  bsonobjectid: like(/^[0-9a-f]{24}$/i),
  uri: isUri,
  email: like(/^(?:[^<>]*<)?[^\s@<>(),;:"[\]\\]+@[^\s@<>(),;:"[\]\\]+>?$/),
  hostname: isHostname,
  ipv4: (text) => !text.includes(':') && !/(^|\.)0\d/.test(text) && parseIp(text) !== undefined,
  ipv6: (text) => text.includes(':') && parseIp(text) !== undefined,
  cidr: (text) => parseCidr(text) !== undefined,
  mac: like(
    /^(?:[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}(?:(?:[0-9a-f]{2}\1){2})?[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2,3}[0-9a-f]{4})$/i,
  ),
  uuid: uuid('[0-9a-f]'),
  uuid3: uuid('3'),
  uuid4: uuid('4', '[89ab]'),
  uuid5: uuid('5', '[89ab]'),
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCard,
  ssn: like(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/),
  hexcolor: like(/^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/),
  rgbcolor: like(new RegExp(`^rgb\\(${COLOUR},${COLOUR},${COLOUR}\\)$`)),
  password: () => true,
  byte: like(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/),
  date: isDate,
  duration: isDuration,
  datetime: isDateTime,
}

function isUri(text: string): boolean {
  if (text === '' || /\p{Cc}/u.test(text)) return false
  return text.startsWith('/') || /^[a-z][a-z0-9+.-]*:.+/i.test(text)
}

const HOSTNAME =
  /^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9\-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$/u

function isHostname(text: string): boolean {
  // The pattern is tried on short texts alone: it may take long on others.
  return text.length <= 255 && text.split('.').every((part) => part.length <= 63) && HOSTNAME.test(text)
}

function isIsbn10(text: string): boolean {
  const digits = text.replaceAll(/[\s-]/g, '')
  if (!/^\d{9}[\dX]$/.test(digits)) return false
  const sum = [...digits].reduce((total, one, i) => total + (i + 1) * (one === 'X' ? 10 : Number(one)), 0)
  return sum % 11 === 0
}

function isIsbn13(text: string): boolean {
  const digits = text.replaceAll(/[\s-]/g, '')
  if (!/^\d{13}$/.test(digits)) return false
  return [...digits].reduce((total, one, i) => total + Number(one) * (i % 2 === 0 ? 1 : 3), 0) % 10 === 0
}

function isCard(text: string): boolean {
  const digits = text.replaceAll(/\D+/g, '')
  if (!CARD.test(digits)) return false
  const values = [...digits].reverse().map((one, i) => (i % 2 === 0 ? Number(one) : Number(one) * 2))
  return values.reduce((total, one) => total + (one > 9 ? one - 9 : one), 0) % 10 === 0
}

function isDate(text: string): boolean {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? []
  if (year === undefined || Number(month) < 1 || Number(month) > 12) return false
  const isLeap = Number(year) % 4 === 0 && (Number(year) % 100 !== 0 || Number(year) % 400 === 0)
  const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  return Number(day) >= 1 && Number(day) <= (days[Number(month) - 1] ?? 0)
}

const CLOCK = /^(\d\d):(\d\d):(\d\d)(?:.\d+)?(?:z|[+-]\d\d:\d\d)$/

function isDateTime(text: string): boolean {
  const [date = '', time = ''] = text.toLowerCase().split('t')
  const [, hour = '99', minute = '99', second = '99'] = CLOCK.exec(time) ?? []
  return isDate(date) && hour <= '23' && minute <= '59' && second <= '59'
}

const GO_DURATION = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/
const UNIT = /^(?:ns|nano.*|us|µs|micro.*|ms|milli.*|s|sec.*|m|min.*|h|hr|hour.*|d|day.*|w|wk|week.*)$/

/** Go's form, or any text in which a number with a unit stands. */
function isDuration(text: string): boolean {
  if (text === '0' || GO_DURATION.test(text)) return true
  return [...text.matchAll(/\d+\s*([A-Za-zµ]+)/g)].some(([, unit = '']) => UNIT.test(unit.toLowerCase()))
}
