import type { Device, DeviceAttribute, ResourceSlice } from '../generated/resource-v1.ts'
import { invalid, required, tooLong } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { dnsSubdomainProblems } from '../meta/names.ts'
import { validateNodeSelector } from './affinity.ts'
import { validateDriver, validateLabelName, validatePool, validateQualifiedId, validateSet } from './device-parts.ts'
import { named, unlessSame } from './object-meta.ts'

const MOST_DEVICES = 128
const MOST_ATTRIBUTES = 32
const LONGEST_VALUE = 64
/** Of keys in messages: a domain, a slash and an identifier. */
const LONGEST_KEY = 63 + 1 + 32

/** The devices that a node or several offer, as ValidateResourceSlice has it without what is off by default. */
export function validateResourceSlice({ spec }: ResourceSlice): FieldError[] {
  const { driver, pool, devices } = spec
  const errors = [...validateDriver(driver, 'spec.driver'), ...validatePool(pool.name, 'spec.pool.name')]
  const { resourceSliceCount: count, generation } = pool
  if (count <= 0) errors.push(invalid('spec.pool.resourceSliceCount', count, 'must be greater than zero'))
  if (generation < 0) {
    errors.push(invalid('spec.pool.generation', generation, 'must be greater than or equal to zero'))
  }
  errors.push(...validateNodes(spec))
  return [...errors, ...validateSet(devices, MOST_DEVICES, validateDevice, ({ name }) => name, 'spec.devices', '.name')]
}

/** Whose devices a slice is of, and of whom, stays. */
export const validateResourceSliceUpdate = ({ spec }: ResourceSlice, { spec: old }: ResourceSlice): FieldError[] => [
  ...unlessSame('spec.pool.name', spec.pool.name, old.pool.name),
  ...unlessSame('spec.driver', spec.driver, old.driver),
  ...unlessSame('spec.nodeName', spec.nodeName, old.nodeName),
]

const ONE_OF = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required'

function validateNodes({ nodeName, nodeSelector, allNodes }: ResourceSlice['spec']): FieldError[] {
  const errors: FieldError[] = []
  const set: string[] = []
  if (nodeName === '') {
    errors.push(invalid('spec.nodeName', nodeName, 'must be either unset or set to a non-empty string'))
  } else if (nodeName !== undefined) {
    set.push('`nodeName`')
    errors.push(...named('spec.nodeName', nodeName, dnsSubdomainProblems(nodeName)))
  }
  if (nodeSelector !== undefined) {
    set.push('`nodeSelector`')
    errors.push(...validateNodeSelector(nodeSelector, 'spec.nodeSelector'))
    const terms = nodeSelector.nodeSelectorTerms ?? []
    if (terms.length !== 1) {
      const detail = 'must have exactly one node selector term'
      errors.push(invalid('spec.nodeSelector.nodeSelectorTerms', terms, detail))
    }
  }
  if (allNodes === true) set.push('`allNodes`')
  if (allNodes === false) errors.push(invalid('spec.allNodes', false, 'must be either unset or set to true'))
  if (set.length === 0) errors.push(required('spec', ONE_OF))
  if (set.length > 1) {
    errors.push(invalid('spec', `{${set.join(', ')}}`, `${ONE_OF}, but multiple fields are set`))
  }
  return errors
}

function validateDevice({ name, attributes = {}, capacity = {} }: Device, path: string): FieldError[] {
  const errors = validateLabelName(name, `${path}.name`)
  const count = Object.keys(attributes).length + Object.keys(capacity).length
  if (count > MOST_ATTRIBUTES) {
    const detail = `the total number of attributes and capacities must not exceed ${MOST_ATTRIBUTES}`
    errors.push(invalid(path, count, detail))
  }
  for (const [key, attribute] of Object.entries(attributes)) {
    const at = `${path}.attributes[${shortened(key)}]`
    errors.push(...validateQualifiedId(key, at), ...validateAttribute(attribute, at))
  }
  for (const key of Object.keys(capacity)) {
    errors.push(...validateQualifiedId(key, `${path}.capacity[${shortened(key)}]`))
  }
  return errors
}

/** Keys that are too long are shown without their middle. */
function shortened(key: string): string {
  if (key.length <= LONGEST_KEY) return key
  const rest = LONGEST_KEY - 3
  return `${key.slice(0, Math.floor((rest + 1) / 2))}...${key.slice(key.length - Math.floor(rest / 2))}`
}

const PART = '(0|[1-9]\\d*)'
const RELEASE = '(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)'
const BUILD = '[0-9a-zA-Z-]+'
/** Versions of semver.org 2.0.0. */
const VERSION = new RegExp(`^${PART}\\.${PART}\\.${PART}(-${RELEASE}(\\.${RELEASE})*)?(\\+${BUILD}(\\.${BUILD})*)?$`)

function validateAttribute(attribute: DeviceAttribute, path: string): FieldError[] {
  const { bool, int, string, version } = attribute
  const errors: FieldError[] = []
  if (string !== undefined && string.length > LONGEST_VALUE) errors.push(tooLong(`${path}.string`, LONGEST_VALUE))
  if (version !== undefined && !VERSION.test(version)) {
    errors.push(invalid(`${path}.version`, version, 'must be a string compatible with semver.org spec 2.0.0'))
  }
  if (version !== undefined && version.length > LONGEST_VALUE) errors.push(tooLong(`${path}.version`, LONGEST_VALUE))
  const count = [bool, int, string, version].filter((one) => one !== undefined).length
  const detail = 'exactly one value must be specified'
  if (count === 0) errors.push(required(path, detail))
  if (count > 1) errors.push(invalid(path, goAttribute(attribute), detail))
  return errors
}

/** As Go shows its own struct. */
const goAttribute = ({ int, bool, string, version }: DeviceAttribute) => ({
  IntValue: int ?? null,
  BoolValue: bool ?? null,
  StringValue: string ?? null,
  VersionValue: version ?? null,
})
