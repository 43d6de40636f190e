//! Random worlds: forecast, run, compared.

use std::time::Instant;

use crate::dice::Dice;
use crate::remedy;
use crate::run::hold;
use crate::tally::Tally;
use crate::worlds::world;

/// Worlds a run, where `PLIMSOLL_WORLDS` doesn't say otherwise.
const WORLDS: u64 = 20_000;
/// The first world's seed, where `PLIMSOLL_SEED` doesn't say otherwise.
const SEED: u64 = 20_261_124;
/// One blocked world in so many has its remedies applied: each is a world of its own.
const REMEDIES_EACH: u64 = 4;
/// One world in so many is looked at under way.
const LOOKS_EACH: u64 = 4;
/// Disagreements that are printed; the first ones say most.
const PRINTED: usize = 5;

#[test]
fn random_worlds_end_as_forecast() {
    let number = |name: &str, usual: u64| {
        std::env::var(name).map_or(usual, |text| text.parse().expect(name))
    };
    let (seed, worlds) = (
        number("PLIMSOLL_SEED", SEED),
        number("PLIMSOLL_WORLDS", WORLDS),
    );
    let begun = Instant::now();
    let threads = std::thread::available_parallelism()
        .map_or(1, |count| count.get() as u64)
        .min(8);
    let parts: Vec<(Tally, Vec<String>)> = std::thread::scope(|scope| {
        let part = |thread: u64| {
            scope.spawn(move || {
                (thread..worlds).step_by(threads as usize).fold(
                    (Tally::default(), Vec::new()),
                    |(mut tally, mut wrong), at| {
                        if let Err(what) = one(seed.wrapping_add(at), &mut tally) {
                            wrong.push(what);
                        }
                        (tally, wrong)
                    },
                )
            })
        };
        let handles: Vec<_> = (0..threads).map(part).collect();
        handles
            .into_iter()
            .map(|handle| handle.join().expect("a thread"))
            .collect()
    });
    let mut tally = Tally::default();
    let mut wrong = Vec::new();
    for (part, told) in parts {
        tally.add(&part);
        wrong.extend(told);
    }
    if !wrong.is_empty() {
        let count = wrong.len();
        wrong.sort_by_key(String::len);
        wrong.truncate(PRINTED);
        panic!(
            "{count} disagreements in {worlds} worlds from seed {seed}:\n\n{}",
            wrong.join("\n\n")
        );
    }
    eprintln!(
        "random, seed {seed}, {:.1} s: {tally}",
        begun.elapsed().as_secs_f64()
    );
    if worlds >= WORLDS {
        // A forecast that never says anything would agree with every world.
        assert!(tally.of("fits") * 5 > tally.worlds, "{tally}");
        assert!(tally.of("blocked") * 10 > tally.worlds, "{tally}");
        assert!(tally.remedies > 100, "{tally}");
    }
}

fn one(seed: u64, tally: &mut Tally) -> Result<(), String> {
    let mut dice = Dice::new(seed);
    let plan = world(&mut dice);
    let looks: Vec<i64> = if seed.is_multiple_of(LOOKS_EACH) {
        (0..3).map(|_| 1 + dice.below(60) as i64).collect()
    } else {
        Vec::new()
    };
    let told = |what: String| format!("seed {seed}: {what}\n{plan:?}");
    let (forecasts, ran, glances) = hold(&plan, &looks).map_err(told)?;
    tally.count(&forecasts, &ran, &glances);
    if let [forecast] = forecasts.as_slice()
        && forecast.verdict.is_blocked()
        && seed.is_multiple_of(REMEDIES_EACH)
    {
        for remedy in &forecast.remedies {
            remedy::helps(&plan, remedy).map_err(told)?;
            tally.remedies += 1;
        }
    }
    Ok(())
}
