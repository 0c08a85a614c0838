import { expect, test } from 'vitest'
import { BUSYBOX } from '../images/images.ts'
import { containerdMissing, startContainerd } from './containerd.ts'
import { dockerdMissing, startDockerd } from './dockerd.ts'
import { killRounds } from './kill-rounds.ts'

const ENGINES = [
  { runtime: 'cri', missing: containerdMissing(), start: startContainerd },
  { runtime: 'docker', missing: dockerdMissing(), start: startDockerd },
] as const

// `npm run verify` deals out two hundred blows of all sorts.
for (const { runtime, missing, start } of ENGINES) {
  const title = `on ${runtime}, pods go on while agent and engine are killed, those that lose their sandbox get another, and nothing is left`
  if (missing !== undefined) test.skip(`${title}: ${missing}`, () => {})
  else
    test(title, { timeout: 180_000 }, async () => {
      await using engine = await start()
      engine.load(BUSYBOX)
      expect(await killRounds({ runtime, engine }, ['agent', 'engine', 'sandbox'], 1)).toEqual([])
    })
}
