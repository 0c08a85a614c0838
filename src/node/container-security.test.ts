import { expect, test } from 'vitest'
import type { Container, Pod } from '../api/generated/core-v1.ts'
import { securityOf } from './container-security.ts'

const container: Container = { name: 'main', image: 'app' }

function podWith(securityContext: object): Pod {
  const metadata = { name: 'p', namespace: 'default', uid: 'u' }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [container], securityContext } } as Pod
}

// The kubelet's verifyRunAsNonRoot: what the pod asks for counts, else the image's own user, else root.
test.each([
  [{ runAsUser: 0 }, undefined, `container's runAsUser breaks non-root policy`],
  [{}, undefined, 'container has runAsNonRoot and image will run as root'],
  [{}, '0:0', 'container has runAsNonRoot and image will run as root'],
  [{}, 'node', 'container has runAsNonRoot and image has non-numeric user (node), cannot verify user is non-root'],
])('with runAsNonRoot %j of an image of user %s is refused in the words of the kubelet', (asked, image, why) => {
  const pod = podWith({ runAsNonRoot: true, ...asked })
  expect(() => securityOf(pod, container, image)).toThrow(`${why} (pod: "p_default(u)", container: main)`)
})

test.each([
  [{ runAsUser: 1000 }, undefined],
  [{}, '1000:1000'],
])('with runAsNonRoot %j of an image of user %s is let run', (asked, image) => {
  expect(() => securityOf(podWith({ runAsNonRoot: true, ...asked }), container, image)).not.toThrow()
})

// The kubelet always names a user, the image's where nobody asks for one: so a group alone has an effect.
test.each([
  [undefined, { runAsUser: 0, runAsGroup: 3000 }],
  ['1000:1000', { runAsUser: 1000, runAsGroup: 3000 }],
  ['node', { runAsUserName: 'node', runAsGroup: 3000 }],
])('a group that is asked for alone is that of the user of the image: %s', (image, expected) => {
  expect(securityOf(podWith({ runAsGroup: 3000 }), container, image)).toEqual(expected)
})

test("a profile of the node's own lies where the kubelet looks for it", () => {
  const seccompProfile = { type: 'Localhost', localhostProfile: 'profiles/audit.json' }
  expect(securityOf(podWith({ seccompProfile }), container, undefined)).toEqual({
    seccompProfile: '/var/lib/kubelet/seccomp/profiles/audit.json',
  })
})
