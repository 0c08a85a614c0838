import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceAllocationConfiguration,
  DeviceRequestAllocationResult,
  NetworkDeviceData,
  ResourceClaim,
  ResourceClaimConsumerReference,
} from '../generated/resource-v1.ts'
import { jsonEqual } from '../meta/equal.ts'
import { formatIp, parseCidr, parseIp } from '../meta/ip-address.ts'
import { forbidden, invalid, notSupported, required, tooLong, tooMany } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { validateNodeSelector } from './affinity.ts'
import { validateConditions } from './conditions.ts'
import { requestNames, validateRequestRef } from './device-claim.ts'
import {
  isSame,
  MOST_CONFIGS,
  MOST_REQUESTS,
  validateConfiguration,
  validateDriver,
  validateLabelName,
  validateList,
  validateParameters,
  validatePool,
  validateSet,
  validateShareId,
} from './device-parts.ts'
import { unlessSameForm } from './go-form.ts'

const MOST_CONSUMERS = 256
const MOST_RESULTS = 32
const MOST_CONDITIONS = 8
const MOST_ADDRESSES = 16
const LONGEST_INTERFACE = 256
const LONGEST_HARDWARE = 128

type Names = ReturnType<typeof requestNames>

/** Who has got which devices: ValidateResourceClaimStatusUpdate. What was allocated stays until it is given back. */
export function validateResourceClaimStatus(claim: ResourceClaim, old: ResourceClaim): FieldError[] {
  const { allocation, reservedFor = [], devices } = claim.status ?? {}
  const before = old.status?.allocation
  const uidOf = ({ uid }: ResourceClaimConsumerReference) => uid
  const list = 'status.reservedFor'
  const errors = validateSet(reservedFor, MOST_CONSUMERS, validateConsumer, uidOf, list, '.uid')
  const allocated = new Set((allocation?.devices?.results ?? []).map(deviceId))
  const ofDevice = (one: AllocatedDeviceStatus, path: string) => validateDeviceStatus(one, path, allocated)
  errors.push(...validateSet(devices, Infinity, ofDevice, deviceId, 'status.devices', '.deviceID'))
  if (reservedFor.length > 0 && allocation === undefined) {
    errors.push(forbidden(list, 'may not be specified when `allocated` is not set'))
  }
  const isNew = (one: ResourceClaimConsumerReference) =>
    !(old.status?.reservedFor ?? []).some((other) => jsonEqual(one, other))
  if (allocation !== undefined && claim.metadata.deletionTimestamp !== undefined && reservedFor.some(isNew)) {
    const detail = 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set'
    errors.push(forbidden(list, detail))
  }
  if (allocation === undefined) return errors
  if (before !== undefined)
    return [...errors, ...unlessSameForm('status.allocation', 'resource.AllocationResult', allocation, before)]
  return [...errors, ...validateAllocation(allocation, 'status.allocation', requestNames(claim.spec.devices ?? {}))]
}

interface Identified {
  readonly driver: string
  readonly pool: string
  readonly device: string
  readonly shareID?: string
}

const deviceId = ({ driver, pool, device, shareID }: Identified): string =>
  [driver, pool, device, ...(shareID === undefined ? [] : [shareID])].join('/')

function validateConsumer({ resource, name, uid }: ResourceClaimConsumerReference, path: string): FieldError[] {
  const parts = { resource, name, uid }
  return Object.entries(parts).flatMap(([field, value]) => (value === '' ? [required(`${path}.${field}`)] : []))
}

function validateAllocation({ devices, nodeSelector }: AllocationResult, path: string, names: Names): FieldError[] {
  const ofResult = (one: DeviceRequestAllocationResult, at: string) => [
    ...validateRequestRef(one.request, `${at}.request`, names),
    ...validateIdentity(one, at),
  ]
  const ofConfig = (one: DeviceAllocationConfiguration, at: string) => validateAllocated(one, at, names)
  const errors = validateList(devices?.results, MOST_RESULTS, ofResult, `${path}.devices.results`)
  errors.push(...validateList(devices?.config, 2 * MOST_CONFIGS, ofConfig, `${path}.devices.config`))
  return nodeSelector === undefined
    ? errors
    : [...errors, ...validateNodeSelector(nodeSelector, `${path}.nodeSelector`)]
}

function validateIdentity({ driver, pool, device, shareID }: Identified, path: string): FieldError[] {
  return [
    ...validateDriver(driver, `${path}.driver`),
    ...validatePool(pool, `${path}.pool`),
    ...validateLabelName(device, `${path}.device`),
    ...(shareID === undefined ? [] : validateShareId(shareID, `${path}.shareID`)),
  ]
}

const SOURCES = ['FromClaim', 'FromClass']

function validateAllocated(one: DeviceAllocationConfiguration, path: string, names: Names): FieldError[] {
  const errors = one.source === '' ? [required(`${path}.source`)] : []
  if (one.source !== '' && !SOURCES.includes(one.source)) {
    errors.push(notSupported(`${path}.source`, one.source, SOURCES))
  }
  const ref = (name: string, at: string) => validateRequestRef(name, at, names)
  errors.push(...validateSet(one.requests, MOST_REQUESTS, ref, isSame, `${path}.requests`))
  return [...errors, ...validateConfiguration(one, path, false)]
}

function validateDeviceStatus(one: AllocatedDeviceStatus, path: string, allocated: ReadonlySet<string>): FieldError[] {
  const { data, networkData } = one
  const conditions = one.conditions ?? []
  const errors = validateIdentity(one, path)
  if (!allocated.has(deviceId(one))) {
    // Go's own struct of it shows nothing of what it holds.
    const shown = { Driver: {}, Pool: {}, Device: {}, ShareID: {} }
    errors.push(invalid(path, shown, 'must be an allocated device in the claim'))
  }
  if (conditions.length > MOST_CONDITIONS) {
    errors.push(tooMany(`${path}.conditions`, conditions.length, MOST_CONDITIONS))
  }
  errors.push(...validateConditions(conditions, `${path}.conditions`))
  if (data !== undefined) errors.push(...validateParameters(data, `${path}.data`, false))
  return networkData === undefined ? errors : [...errors, ...validateNetwork(networkData, `${path}.networkData`)]
}

function validateNetwork({ interfaceName = '', hardwareAddress = '', ips }: NetworkDeviceData, path: string) {
  const errors: FieldError[] = []
  if (interfaceName.length > LONGEST_INTERFACE) errors.push(tooLong(`${path}.interfaceName`, LONGEST_INTERFACE))
  if (hardwareAddress.length > LONGEST_HARDWARE) errors.push(tooLong(`${path}.hardwareAddress`, LONGEST_HARDWARE))
  return [...errors, ...validateSet(ips, MOST_ADDRESSES, validateInterfaceAddress, isSame, `${path}.ips`)]
}

const NO_ADDRESS = 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)'

/** An address with the length of its network's prefix, in its one canonical form. */
function validateInterfaceAddress(text: string, path: string): FieldError[] {
  const range = parseCidr(text)
  const bytes = parseIp(text.split('/', 1)[0] ?? '')
  if (range === undefined || bytes === undefined) return [invalid(path, text, NO_ADDRESS)]
  const canonical = `${formatIp(bytes)}/${range.prefix}`
  return text === canonical ? [] : [invalid(path, text, `must be in canonical form (${JSON.stringify(canonical)})`)]
}
