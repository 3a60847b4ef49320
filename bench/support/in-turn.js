/** Gives each of them its turn in every round, and lets another one begin each time: nobody always has the warm machine. */
export async function inTurn(all, rounds, act) {
  for (let round = 0; round < rounds; round++) {
    for (let index = 0; index < all.length; index++) await act(all[(round + index) % all.length], round)
  }
}
