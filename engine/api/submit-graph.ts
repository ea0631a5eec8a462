import type { Graph } from '../graph/graph.ts'
import type { GraphNode } from '../graph/node.ts'
import { validateGraph } from '../graph/validate.ts'
import type { ResolvedConfig } from '../job/config.ts'
import { consoleLogger } from '../job/console-logger.ts'
import type { JobHandle } from '../job/job-handle.ts'
import type { JobHost } from '../job/job-host.ts'
import { startJob } from '../job/start-job.ts'
import type { ServiceRegistration } from '../task/services.ts'
import type { JobSpec, ThreadSettings } from '../thread/job-site.ts'
import { bindPush, bindRead } from './ends.ts'

/** A finished graph with all it takes to run it. */
export interface Submission<IO> {
  readonly graph: Graph
  readonly services: readonly ServiceRegistration[]
  readonly config: ResolvedConfig
  readonly spec: Omit<JobSpec, 'settings'>
  readonly io: IO
  /** Module form: what `build` returned. */
  readonly returned?: ReadonlySet<GraphNode>
}

/**
 * Checks a graph, closes it for changes, starts its job and ties the main thread's ends to it; all of it at once, so
 * that a script may push, or close its environment, while `submit` is still under way.
 */
export function submitGraph<IO>(submission: Submission<IO>, host?: JobHost): JobHandle<IO> {
  const { graph, services, config, spec, io, returned } = submission
  validateGraph({ nodes: graph.nodes, ...(returned === undefined ? {} : { returned }) })
  graph.seal()
  const handle = startJob(
    {
      spec: { ...spec, settings: threadSettings(config) },
      job: { graph, services, clock: config.clock },
      logger: config.logger ?? consoleLogger(config.logLevel),
      workerHeapMb: config.workerHeapMb,
      restart: config.restart,
      io,
    },
    host,
  )
  for (const node of graph.nodes) {
    if (node.body.type === 'input') bindPush(node, handle.inputOf(node.id))
    if (node.body.type === 'output' && node.body.factory === undefined)
      bindRead(node, handle.outputOf(node.id))
  }
  return handle
}

/** The part of a configuration that crosses to the job's threads: all but what belongs to the main thread. */
function threadSettings(config: ResolvedConfig): ThreadSettings {
  const { clock: _clock, logger: _logger, module: _module, restart: _restart, ...settings } = config
  return settings
}
