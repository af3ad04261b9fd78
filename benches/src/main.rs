//! `zkdx-bench`: asks questions, writes results, draws reports.

mod args;

use std::process::ExitCode;

use clap::Parser;
use zkdx_benches::measure::Answer;
use zkdx_benches::questions::{self, Question};
use zkdx_benches::results::{Measurement, ResultFile};
use zkdx_benches::{BenchError, Source, child, machine, peers, report};

use crate::args::{Args, Command, RunArgs};

fn main() -> ExitCode {
    match run(Args::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether everything that was asked for was done.
fn run(command: Command) -> Result<bool, BenchError> {
    match command {
        Command::Run(args) => measure(&args),
        Command::Questions => {
            questions::ALL.iter().for_each(|question| println!("{:<12} {}", question.name, question.asks));
            Ok(true)
        }
        Command::Report { results, out } => {
            report::write(&results, &out.unwrap_or(results.clone()))?.iter().for_each(|path| println!("{path}"));
            Ok(true)
        }
        Command::Peers { file, results } => {
            print!("{}", peers::compare(&file, &results)?);
            Ok(true)
        }
        Command::Child { question, case, runs } => {
            println!("{}", child::answer(&question, &case, runs)?);
            Ok(true)
        }
    }
}

fn measure(args: &RunArgs) -> Result<bool, BenchError> {
    let question = questions::named(&args.question)?;
    let cases = if args.workload.is_empty() { (question.cases)() } else { args.workload.clone() };
    let threads = if args.threads.is_empty() { vec![machine::cores()] } else { args.threads.clone() };
    let mut file = ResultFile::here(question.name, args.note.clone());
    let asked = cases.iter().flat_map(|case| threads.iter().map(move |&threads| (case, threads)));
    let mut complete = true;
    for (case, threads) in asked {
        match child::ask(question, case, threads, args.runs) {
            Ok(answer) => file.measurements.push(summarised(question, case, threads, answer)),
            Err(error) => {
                eprintln!("error: {error}");
                complete = false;
            }
        }
    }
    if !file.measurements.is_empty() {
        println!("{}", file.save(&args.out)?.display());
    }
    Ok(complete)
}

/// The measurement, with a line about it for who waits.
fn summarised(question: &Question, case: &str, threads: usize, answer: Answer) -> Measurement {
    let label = case.parse::<Source>().map_or_else(|_| case.to_owned(), |source| source.label());
    let measurement = Measurement::new(&label, threads, answer);
    let Measurement { wall_seconds: wall, cpu_seconds: cpu, .. } = &measurement;
    eprintln!(
        "{} {case}, {threads} threads: {:.4} s wall ({:.4} to {:.4}), {:.4} s CPU",
        question.name, wall.median, wall.min, wall.max, cpu.median
    );
    measurement
}
