//! Printed while the forms are being worked out.
use super::*;
use crate::progress::Progress;
use crate::registry::Registry;
use crate::result_folder::ResultFolder;
use dataflow::StopSignal;

#[test]
fn explore() {
    let directory = tempfile::tempdir().unwrap();
    let folder = ResultFolder::make(Some(&directory.path().join("it")), "formulas").unwrap();
    let (registry, stop, progress) =
        (Registry::standard(), StopSignal::default(), Progress::new(0, true));
    let mut lab = Lab::new(&registry, &stop, &progress, &folder, 42).unwrap();
    let mut experiments = flusher::experiments(&lab, 10).unwrap();
    experiments.extend(buffers::experiments(&lab).unwrap());
    experiments.extend(links::experiments(&lab).unwrap());
    experiments.extend(bursts::experiments(&lab).unwrap());
    experiments.extend(batches::experiments(&lab).unwrap());
    experiments.extend(speeds::experiments(&lab).unwrap());
    experiments.extend(wall::experiments(&lab).unwrap());
    for experiment in experiments {
        let began = std::time::Instant::now();
        match carry_out(&mut lab, vec![experiment], &[]) {
            Ok(cases) => {
                for case in cases {
                    println!(
                        "{:?} {:10} {:80} pred {:12.3} meas {:12.3} err {:?} {:?}",
                        case.verdict,
                        case.engine,
                        case.case,
                        case.predicted,
                        case.measured,
                        case.relative_error.map(|e| (e * 10000.).round() / 100.),
                        began.elapsed()
                    );
                }
            }
            Err(error) => println!("ERROR {error}"),
        }
    }
}
