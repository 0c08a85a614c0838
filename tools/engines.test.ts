import { expect, test } from 'vitest'
import { missingPackages, whyNot } from './engines.ts'

test('engines: a package is missing where something of it lies on no path', () => {
  expect(missingPackages(() => true)).toEqual([])
  expect(missingPackages((file) => !file.endsWith('/docker-registry'))).toEqual(['docker-registry'])
  expect(missingPackages((file) => file !== '/usr/lib/cni/bridge')).toEqual(['containernetworking-plugins'])
  expect(missingPackages((file) => file === '/usr/sbin/dockerd')).not.toContain('docker.io')
})

test('engines: whoever cannot install them is told what would', () => {
  expect(whyNot([], false, true)).toBeUndefined()
  expect(whyNot(['runc'], true, true)).toBeUndefined()
  const byHand = 'By hand: sudo apt-get install runc docker.io'
  expect(whyNot(['runc', 'docker.io'], false, true)).toBe(
    `engines: runc, docker.io not found and only root may install them: their tests are skipped. ${byHand}`,
  )
  expect(whyNot(['runc', 'docker.io'], true, false)).toContain('this is no Debian')
})
