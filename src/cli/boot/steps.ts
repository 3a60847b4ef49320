import type { Context } from '../command.ts'
import { cleanText } from '../terminal/clean-text.ts'
import { renderStep, type Step, takeStep } from './step.ts'

/** What --dry-run prints: every file as it would be, every command as one would type it. */
export function showSteps({ out }: Context, steps: readonly Step[]): undefined {
  for (const step of steps) {
    out.print(out.color.bold(cleanText(renderStep(step))))
    if (step.act !== 'write') continue
    for (const line of step.text.trimEnd().split('\n')) out.print(`  ${cleanText(line)}`.trimEnd())
  }
}

export async function followSteps({ out }: Context, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    out.say(out.errorColor.dim(cleanText(renderStep(step))))
    await takeStep(step)
  }
}
