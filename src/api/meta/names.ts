/** What is wrong with a name, in Kubernetes' words; empty where nothing is. */
export type Problems = readonly string[]

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`
const LABEL_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?'
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const LABEL_VALUE = `(${QUALIFIED})?`
const CONFIG_KEY = '[-._a-zA-Z0-9]+'
const C_IDENTIFIER = '[A-Za-z_][A-Za-z0-9_]*'

interface Rule {
  readonly pattern: RegExp
  readonly maximum?: number
  readonly message: string
}

const rule = (source: string, text: string, examples: readonly string[], maximum?: number): Rule => ({
  pattern: new RegExp(`^${source}$`),
  message: regexMessage(text, source, examples),
  ...(maximum === undefined ? {} : { maximum }),
})

function regexMessage(text: string, source: string, examples: readonly string[]): string {
  const quoted = examples.map((example) => `'${example}', `).join(' or ')
  return `${text} (e.g. ${quoted}regex used for validation is '${source}')`
}

const RULES = {
  label: rule(
    LABEL,
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
    ['my-name', '123-abc'],
    63,
  ),
  subdomain: rule(
    SUBDOMAIN,
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
    ['example.com'],
    253,
  ),
  underscored: rule(
    '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*',
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
    ['example.com'],
    253,
  ),
  header: rule('[-A-Za-z0-9]+', "a valid HTTP header must consist of alphanumeric characters or '-'", [
    'X-Header-Name',
  ]),
  label1035: rule(
    LABEL_1035,
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
    ['my-name', 'abc-123'],
    63,
  ),
  wildcard: rule(
    `\\*\\.${SUBDOMAIN}`,
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
    ['*.example.com'],
    253,
  ),
  qualified: rule(
    QUALIFIED,
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    ['MyName', 'my.name', '123-abc'],
    63,
  ),
  labelValue: rule(
    LABEL_VALUE,
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    ['MyValue', 'my_value', '12345'],
    63,
  ),
  configKey: rule(
    CONFIG_KEY,
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    ['key.name', 'KEY_NAME', 'key-name'],
    253,
  ),
  cIdentifier: rule(
    C_IDENTIFIER,
    "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
    ['my_name', 'MY_NAME', 'MyName'],
  ),
} as const

function check({ pattern, maximum, message }: Rule, value: string): string[] {
  const problems: string[] = []
  if (maximum !== undefined && value.length > maximum) problems.push(`must be no more than ${maximum} characters`)
  if (!pattern.test(value)) problems.push(message)
  return problems
}

export function dnsLabelProblems(value: string): Problems {
  const problems = check(RULES.label, value)
  // A valid name of a domain that is no label has dots.
  const isDotted = problems.includes(RULES.label.message) && RULES.subdomain.pattern.test(value)
  return isDotted ? problems.map((one) => (one === RULES.label.message ? 'must not contain dots' : one)) : problems
}
export const dnsSubdomainProblems = (value: string): Problems => check(RULES.subdomain, value)
export const dns1035LabelProblems = (value: string): Problems => check(RULES.label1035, value)
export const wildcardSubdomainProblems = (value: string): Problems => check(RULES.wildcard, value)
export const underscoredSubdomainProblems = (value: string): Problems => check(RULES.underscored, value)
export const headerNameProblems = (value: string): Problems => check(RULES.header, value)
export const labelValueProblems = (value: string): Problems => check(RULES.labelValue, value)
export const cIdentifierProblems = (value: string): Problems => check(RULES.cIdentifier, value)

/** Of a key in a ConfigMap or Secret. */
export function configKeyProblems(value: string): Problems {
  const problems = check(RULES.configKey, value)
  if (value === '.') problems.push(`must not be '.'`)
  else if (value === '..') problems.push(`must not be '..'`)
  else if (value.startsWith('..')) problems.push(`must not start with '..'`)
  return problems
}

/** Of a label's or annotation's key: a name, behind an optional domain and a slash. */
export function labelKeyProblems(value: string): Problems {
  const parts = value.split('/')
  const problems: string[] = []
  const name = parts.at(-1) ?? ''
  if (parts.length > 2)
    return [
      `a qualified name ${RULES.qualified.message.replace(/^/, '')} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ]
  if (parts.length === 2) {
    const prefix = parts[0] ?? ''
    if (prefix === '') problems.push('prefix part must be non-empty')
    else problems.push(...dnsSubdomainProblems(prefix).map((problem) => `prefix part ${problem}`))
  }
  if (name === '') problems.push('name part must be non-empty')
  return [...problems, ...check(RULES.qualified, name).map((problem) => `name part ${problem}`)]
}

export function pathSegmentProblems(value: string): Problems {
  if (value === '.' || value === '..') return [`may not be '${value}'`]
  return ['/', '%'].filter((illegal) => value.includes(illegal)).map((illegal) => `may not contain '${illegal}'`)
}

export function envVarNameProblems(value: string): Problems {
  if (value === '') return ['must be non-empty']
  if (/^[\x20-\x3c\x3e-\x7e]+$/.test(value)) return []
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
}

/** Of a port's name, such as `http`. */
export function portNameProblems(value: string): Problems {
  const problems: string[] = []
  if (value.length > 15) problems.push('must be no more than 15 characters')
  if (!/^[-a-z0-9]+$/.test(value))
    problems.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  if (!/[a-z]/.test(value)) problems.push('must contain at least one letter (a-z)')
  if (value.includes('--')) problems.push('must not contain consecutive hyphens')
  if (/^-|-$/.test(value)) problems.push('must not begin or end with a hyphen')
  return problems
}

export function portNumberProblems(value: number): Problems {
  return value >= 1 && value <= 65535 ? [] : ['must be between 1 and 65535, inclusive']
}
