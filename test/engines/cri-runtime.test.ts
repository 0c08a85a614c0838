import { openCriRuntime } from '../../src/runtime/cri/cri-runtime.ts'
import { containerdMissing, startContainerd } from './containerd.ts'
import { engineSuite } from './engine-suite.ts'

engineSuite('CRI runtime', { missing: containerdMissing(), start: startContainerd, open: openCriRuntime })
