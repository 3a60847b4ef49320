import { askProgram } from '../../config/ask-program.ts'

/** What systemd does with a unit just now, such as `stop` or `restart`; undefined for nothing, or when it cannot be asked. */
export async function unitJob(unit: string, isUserManager: boolean): Promise<string | undefined> {
  const manager = isUserManager ? ['--user'] : []
  const args = [...manager, '--no-legend', '--plain', '--no-pager', 'list-jobs']
  const { stdout } = await askProgram('systemctl', args, process.env)
  const jobs = stdout.split('\n').map((line) => line.trim().split(/\s+/))
  return jobs.find(([, name]) => name === unit)?.[2]
}
