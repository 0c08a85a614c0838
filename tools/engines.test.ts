import { expect, test } from 'vitest'
import { missingPackages } from './engines.ts'

test('engines: a package is missing where something of it lies on no path', () => {
  expect(missingPackages(() => true)).toEqual([])
  expect(missingPackages((file) => !file.endsWith('/docker-registry'))).toEqual(['docker-registry'])
  expect(missingPackages((file) => file !== '/usr/lib/cni/bridge')).toEqual(['containernetworking-plugins'])
  expect(missingPackages((file) => file === '/usr/sbin/dockerd')).not.toContain('docker.io')
})
