// The daemon gets SIGKILL in the middle of everything it does, and the next command brings back one that goes on. The
// long form of this is `node bench/run.js kill-rounds`.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KillRounds } from '../support/kill-rounds/kill-rounds.ts'
import { newSeed } from '../support/kill-rounds/random.ts'

const ROUNDS = 12

test(`${ROUNDS} kills of the daemon in the middle of something lose nothing`, async (t) => {
  const seed = Number(process.env.UPKEEP_TEST_SEED ?? newSeed())
  const rounds = new KillRounds({ seed })
  t.after(() => rounds.close())
  t.diagnostic(`UPKEEP_TEST_SEED=${seed}`)
  await rounds.start()

  for (let round = 0; round < ROUNDS; round++) {
    const { problems } = await rounds.round(round)
    assert.equal(problems.join('\n'), '')
  }

  assert.equal((await rounds.end()).join('\n'), '')
})
