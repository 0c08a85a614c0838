import { openDockerRuntime } from '../../src/runtime/docker/docker-runtime.ts'
import { dockerdMissing, startDockerd } from './dockerd.ts'
import { engineSuite } from './engine-suite.ts'

engineSuite('Docker runtime', { missing: dockerdMissing(), start: startDockerd, open: openDockerRuntime })
