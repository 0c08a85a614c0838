import { containerdMissing, startContainerd } from './containerd.ts'
import { dockerdMissing, startDockerd } from './dockerd.ts'
import { SCENARIOS, settledOnEngine } from './settled-on-engine.ts'
import type { ScenarioName } from './settled-on-engine.ts'

/** All of them take two minutes on two cores: `SHOAL_ENGINES=all`, as `npm run verify` sets it. */
const QUICK: readonly ScenarioName[] = ['job-indexed', 'image-missing', 'init-and-sidecar', 'out-of-memory', 'hooks']
const names = process.env['SHOAL_ENGINES'] === 'all' ? (Object.keys(SCENARIOS) as ScenarioName[]) : QUICK

settledOnEngine({ runtime: 'cri', missing: containerdMissing(), start: startContainerd }, names)
settledOnEngine({ runtime: 'docker', missing: dockerdMissing(), start: startDockerd }, names)
