import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { sharedMounts, sharedVolumes, volumePlaces } from '../pods/shared-volumes.ts'
import type { Run } from '../run/run.ts'
import { driverJob } from './driver-job.ts'

const run = {
  apiVersion: 'shoal.dev/v1',
  kind: 'Run',
  metadata: { name: 'nightly', namespace: 'science', uid: '1' },
  spec: { program: 'main.ts', args: [], owner: 'me', workers: 1 },
} as unknown as Run

test("a driver's pod mounts the volumes that its run names where its workers see them", () => {
  const volumes = { data: { claim: 'measurements' } }
  const pod = driverJob(run, { image: 'node:24', parts: 1, volumes }).spec!.template.spec!
  expect(pod.volumes).toEqual(expect.arrayContaining(sharedVolumes(volumes)))
  expect(pod.containers[0]!.volumeMounts).toEqual(expect.arrayContaining(sharedMounts(volumes)))
  expect(sharedMounts(volumes)).toEqual([{ name: 'shared-data', mountPath: '/volumes/data' }])
})

test("a driver's pod looks at a claim where its workers see it, if it was given the volume; a driver elsewhere does not", () => {
  const mountPath = mkdtempSync(join(tmpdir(), 'shoal-volume-'))
  onTestFinished(() => rmSync(mountPath, { recursive: true }))
  const volumes = { data: { claim: 'measurements', mountPath }, other: { claim: 'not-given' } }
  expect(volumePlaces(volumes, true)).toEqual({
    data: { mountPath, driverPath: mountPath },
    other: { mountPath: '/volumes/other', driverPath: false },
  })
  expect(volumePlaces(volumes, false)['data']).toEqual({ mountPath, driverPath: false })
  expect(volumePlaces({ data: { claim: 'a', driverPath: '/mnt' } }, false)['data']?.driverPath).toBe('/mnt')
})
