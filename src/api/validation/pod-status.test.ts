import { expect, test } from 'vitest'
import type { Pod } from '../generated/core-v1.ts'
import { validatePodStatus, validatePodStatusUpdate } from './pod-status.ts'

const podOf = (status: object, restartPolicy = 'Never') =>
  ({
    metadata: { name: 'a' },
    spec: { restartPolicy, containers: [{ name: 'c' }], initContainers: [{ name: 's', restartPolicy: 'Always' }] },
    status,
  }) as unknown as Pod
const ended = (name: string, exitCode: number) => ({ name, state: { terminated: { exitCode } } })
const running = (name: string) => ({ name, state: { running: {} } })
const toldOf = (now: object, was: object, policy?: string) =>
  validatePodStatusUpdate(podOf(now, policy), podOf(was, policy)).map(({ field, message }) => `${field}: ${message}`)

// ValidateContainerStateTransition and its kin; the texts are those that kube-apiserver 1.34.4 answered.
test.each([
  ['Always', 0, true],
  ['OnFailure', 1, true],
  ['OnFailure', 0, false],
  ['Never', 1, false],
])('with the restart policy %s a container that ended with %i may run again: %s', (policy, exitCode, may) => {
  const told = toldOf({ containerStatuses: [running('c')] }, { containerStatuses: [ended('c', exitCode)] }, policy)
  const refused = 'status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state'
  expect(told).toEqual(may ? [] : [refused])
})

test('sidecars run again whatever the policy, ephemeral containers never', () => {
  expect(toldOf({ initContainerStatuses: [running('s')] }, { initContainerStatuses: [ended('s', 0)] })).toEqual([])
  const was = { ephemeralContainerStatuses: [ended('e', 1)] }
  expect(toldOf({ ephemeralContainerStatuses: [running('e')] }, was, 'Always')).toHaveLength(1)
})

test.each([
  [{ podIPs: [{ ip: '1.2.3.4' }, { ip: 'fd00::1' }] }, []],
  [
    { podIPs: [{ ip: '1.2.3.4' }, { ip: '1.2.3.5' }] },
    [
      'status.podIPs: Invalid value: [{"IP":"1.2.3.4"},{"IP":"1.2.3.5"}]: may specify no more than one IP for each IP family',
    ],
  ],
  [
    { hostIP: '9.9.9.9', hostIPs: [{ ip: '1.2.3.4' }] },
    ['status.hostIPs[0].ip: Invalid value: "1.2.3.4": must be equal to `hostIP`'],
  ],
  [
    { podIPs: [{ ip: 'x' }] },
    ['status.podIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
  ],
])('of addresses %o is said %o', (status, told) => expect(toldOf(status, {})).toEqual(told))

test('an address that was wrong before may stay', () => {
  expect(toldOf({ podIPs: [{ ip: 'x' }] }, { podIPs: [{ ip: 'x' }] })).toEqual([])
})

test('the class of a pod is what it is', () => {
  expect(toldOf({ qosClass: 'Guaranteed' }, { qosClass: 'Burstable' })).toEqual([
    'status.qosClass: Invalid value: "Guaranteed": field is immutable',
  ])
})

test('a claim whose status is told is one of the pod', () => {
  const [wrong] = validatePodStatus(podOf({ resourceClaimStatuses: [{ name: 'x' }] }))
  expect(wrong?.message).toBe('Invalid value: "x": must match the name of an entry in `spec.resourceClaims`')
})
