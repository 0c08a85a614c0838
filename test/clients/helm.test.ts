import { describe, expect, test } from 'vitest'
import { packagedClient } from './packaged.ts'
import { shellOnCluster } from './shell-on-cluster.ts'

const program = packagedClient('helm')

/** A stock helm with the chart that it makes itself: a Deployment, a Service, an account, and a test pod. */
describe.skipIf(program === undefined)('helm', () => {
  const shell = shellOnCluster(1)

  const helm = (line: string) => shell().must(program ?? '', line)

  test('creates a chart, installs, upgrades, rolls back and uninstalls it', async () => {
    expect(await helm('create chart')).toContain('Creating chart')
    // Probes need a program that answers; containers here are simulated.
    const off = '--set livenessProbe=null --set readinessProbe=null'
    const installed = await helm(`install web ./chart --wait --timeout 60s ${off}`)
    expect(installed).toContain('STATUS: deployed')
    expect(await helm('list')).toMatch(/^web\s+default\s+1\s+.*deployed\s+chart-0\.1\.0/m)
    const upgraded = await helm(`upgrade web ./chart --set replicaCount=3 --wait --timeout 60s ${off}`)
    expect(upgraded).toContain('REVISION: 2')
    expect(await helm('get values web')).toContain('replicaCount: 3')
    expect(await helm('rollback web 1 --wait --timeout 60s')).toContain('Rollback was a success')
    expect(await helm('history web')).toMatch(/^3\s.*Rollback to 1/m)
    expect(await helm('uninstall web --wait --timeout 60s')).toContain('release "web" uninstalled')
    expect(await helm('list -q')).toBe('')
  })
})
