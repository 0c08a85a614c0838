import { DEFAULT_LOG_LIMITS } from '../log-limits.ts'
import { expect, test } from 'vitest'
import { sandboxSpec } from '../runtime-suite.ts'
import { sandboxOptions } from './sandbox-config.ts'

const SETTINGS = { owner: 'o', network: 'bridge', cgroupDriver: 'cgroupfs', logs: DEFAULT_LOG_LIMITS, leastOomScore: 0 }

test('Docker: a port of a container has as many of the host as its pod says, each protocol its own', () => {
  const port = (hostPort: number, protocol: string, hostIp?: string) => ({
    containerPort: 80,
    hostPort,
    protocol,
    ...(hostIp !== undefined && { hostIp }),
  })
  const ports = [port(8080, 'TCP'), port(8081, 'TCP', '127.0.0.1'), port(8080, 'UDP')]
  const options = sandboxOptions({ ...sandboxSpec('p'), ports }, 0, SETTINGS)
  expect(options.HostConfig?.PortBindings).toEqual({
    '80/tcp': [
      { HostIp: '', HostPort: '8080' },
      { HostIp: '127.0.0.1', HostPort: '8081' },
    ],
    '80/udp': [{ HostIp: '', HostPort: '8080' }],
  })
})
