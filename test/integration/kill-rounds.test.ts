// The daemon gets SIGKILL in the middle of everything it does, and the next command brings back one that goes on. The
// long form of this is `node bench/run.js kill-rounds`.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KillRounds } from '../support/kill-rounds/kill-rounds.ts'
import { newSeed } from '../support/kill-rounds/random.ts'

const ROUNDS = 12

// Requests, orphans, double workers and the order of lines are strict. Lines may be missing in one run per kill that is no
// larger than one read: a kill between the read of a pipe and the write to the file loses that read
// (docs/decisions/0003-log-files.md), about one kill in some hundreds, and a test must not fail by that.
test(`${ROUNDS} kills of the daemon in the middle of something lose nothing`, async (t) => {
  const seed = Number(process.env.UPKEEP_TEST_SEED ?? newSeed())
  const rounds = new KillRounds({ seed })
  t.after(() => rounds.close())
  t.diagnostic(`UPKEEP_TEST_SEED=${seed}`)
  await rounds.start()

  for (let round = 0; round < ROUNDS; round++) {
    const { problems, lines } = await rounds.round(round)
    if (lines.gaps.length > 0) t.diagnostic(`round ${round} lost a read: ${JSON.stringify(lines.gaps)}`)
    assert.equal(problems.join('\n'), '')
  }

  assert.equal((await rounds.end()).join('\n'), '')
})
