import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { AppSpec, OperationEvent } from '../../src/client/index.ts'
import { UpkeepClient } from '../../src/client/index.ts'
import { packageRoot, testApp } from '../support/package-root.ts'
import { request } from '../support/request.ts'
import { running } from '../support/running-app.ts'
import { until } from '../support/until.ts'
import { upkeep } from '../support/upkeep.ts'

const schema = JSON.parse(readFileSync(join(packageRoot, 'docs/reference/control-api.schema.json'), 'utf8'))
const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true }).addSchema(schema)

function fits(name: string, value: unknown): void {
  const validate = ajv.getSchema(`${schema.$id}#/$defs/${name}`)
  assert.ok(validate, `there is no shape ${name}`)
  assert.ok(validate(value), `${name}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(value, null, 2)}`)
}

test('the published schema fits what the daemon answers', async (t) => {
  const up = upkeep(t)
  const app = await running(up, 'http.mjs')
  const client = new UpkeepClient({ home: up.home })
  const events: OperationEvent[] = []
  const onEvent = (event: OperationEvent) => void events.push(event)

  fits('DaemonStatus', await client.daemon())
  fits('AppList', { apps: await client.apps() })
  await client.operate({ action: 'reload', targets: ['web'] }, { onEvent })
  await client.operate({ action: 'scale', targets: ['web'], instances: '-9' }, { onEvent })
  const spec: AppSpec = (await client.app('web', { showEnv: true })).spec
  const broken = { ...spec, name: 'broken', programArgs: [testApp('throws-at-boot.mjs')] }
  fits('SpecChanges', {
    changes: await client.diff({ apps: [{ ...spec, args: ['x'] }, broken], source: '/x' }),
  })
  fits('ApplyRequest', { apps: [broken], source: '/x' })
  await client.apply({ apps: [broken], source: '/x' }, { onEvent })
  await app.get('/crash').catch(() => 'gone')
  await until(async () => (await client.apps())[0]?.instances.some(({ lastExit }) => lastExit !== null))
  fits('AppList', { apps: await client.apps() })

  for (const event of events) fits('OperationEvent', event)
  assert.ok(events.some(({ type }) => type === 'step'))
  assert.ok(events.some((event) => event.type === 'result' && event.ok))
  assert.ok(events.some((event) => event.type === 'result' && !event.ok))
  for (const event of await client.recentEvents()) fits('SupervisorEvent', event)
  for await (const entry of client.logs({ targets: ['web'] })) fits('LogEntry', entry)
  const answer = await request({ socketPath: client.socketPath, path: '/v1/nothing' })
  fits('ErrorAnswer', answer.json())
})
