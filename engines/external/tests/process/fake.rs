//! The process of a system that hands numbers on, or misbehaves as it is told.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Where the harness listens, and its secret.
#[derive(Copy, Clone)]
struct Address(u16, u64);

#[derive(Deserialize)]
struct Asked {
    r#do: String,
    run: Option<u32>,
    parallelism: Option<u32>,
    splits: Option<u32>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Field {
    Text(&'static str),
    Number(u32),
    Flag(bool),
}

/// Not a test: what runs where this binary was started as a process of a system.
#[test]
fn process() {
    let Ok(behaviour) = std::env::var("STREAMGAUGE_FAKE") else { return };
    let port = std::env::args().next_back().and_then(|it| it.parse().ok()).expect("it is last");
    let secret = std::env::var("STREAMGAUGE_SECRET").ok().and_then(|it| it.parse().ok());
    let secret = secret.expect("it is in the environment");
    serve(Address(port, secret), &behaviour);
}

fn serve(address: Address, behaviour: &str) {
    thread::spawn(|| {
        let ended = std::io::stdin().read_to_end(&mut Vec::new());
        drop(ended);
        std::process::exit(0);
    });
    match behaviour {
        "dies" => {
            eprintln!("no memory");
            std::process::exit(5);
        }
        "silent" => loop {
            thread::park_timeout(Duration::from_secs(1));
        },
        _ => {}
    }
    let mut control = connect(address, 0, 0, 0);
    report(&mut control, &[("is", Field::Text("ready")), ("version", Field::Text("9.9"))]);
    loop {
        let asked = read(&mut control);
        if asked.r#do == "run" {
            let run = asked.run.expect("a run has a number");
            answer(address, behaviour, &asked, run, &mut control);
        }
    }
}

fn answer(address: Address, behaviour: &str, asked: &Asked, run: u32, control: &mut TcpStream) {
    let failed = |cause, refused| {
        [
            ("is", Field::Text("failed")),
            ("run", Field::Number(run)),
            ("cause", Field::Text(cause)),
            ("refused", Field::Flag(refused)),
        ]
    };
    if behaviour == "refuses" {
        return report(control, &failed("there is no such setting", true));
    }
    let parallelism = asked.parallelism.expect("a run has subtasks");
    let splits = asked.splits.expect("a run has splits");
    let subtasks: Vec<_> = (0..parallelism)
        .map(|subtask| {
            let behaviour = behaviour.to_owned();
            let own = (subtask..splits).step_by(parallelism as usize).collect();
            thread::spawn(move || forward(address, run, subtask, own, &behaviour))
        })
        .collect();
    for subtask in subtasks {
        subtask.join().expect("a subtask does not fail");
    }
    if behaviour == "fails" {
        return report(control, &failed("division by zero", false));
    }
    report(control, &[("is", Field::Text("finished")), ("run", Field::Number(run))]);
}

/// Reads the blocks of some splits, and writes each number as a row.
fn forward(address: Address, run: u32, subtask: u32, splits: Vec<u32>, behaviour: &str) {
    let mut sink = connect(address, 2, run, subtask);
    let mut source = connect(address, 1, run, subtask);
    let mut hello = (splits.len() as u32).to_le_bytes().to_vec();
    for split in &splits {
        hello.extend(split.to_le_bytes());
        hello.extend(0u64.to_le_bytes());
    }
    source.write_all(&hello).unwrap();
    let mut read: BTreeMap<u32, u64> = BTreeMap::new();
    loop {
        let mut head = [0; 12];
        source.read_exact(&mut head).unwrap();
        let word = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().unwrap());
        let (split, records, length) = (word(0), word(4), word(8));
        if split == u32::MAX {
            break;
        }
        let mut block = vec![0; length as usize];
        source.read_exact(&mut block).unwrap();
        match behaviour {
            "hangs" => loop {
                thread::park_timeout(Duration::from_secs(1));
            },
            "dies-later" => std::process::exit(6),
            "floods" => println!("{}", "x".repeat(50_000)),
            _ => {}
        }
        let rows = rows_of(&block, records, behaviour);
        let mut frame = vec![0];
        frame.extend((rows.len() as u32).to_le_bytes());
        frame.extend(rows);
        if sink.write_all(&frame).is_err() {
            return;
        }
        let events = read.entry(split).or_default();
        *events += u64::from(records);
        let mut acknowledgement = split.to_le_bytes().to_vec();
        acknowledgement.extend(events.to_le_bytes());
        source.write_all(&acknowledgement).unwrap();
    }
    let mut finish = vec![3];
    finish.extend(8u32.to_le_bytes());
    finish.extend(0u64.to_le_bytes());
    sink.write_all(&finish).unwrap();
}

fn rows_of(block: &[u8], records: u32, behaviour: &str) -> Vec<u8> {
    let (mut from, mut rows) = (block, Vec::new());
    for _ in 0..records {
        let (times, rest) = from.split_at(16);
        let mut fields = rest;
        let number: u64 = rmp_serde::from_read(&mut fields).unwrap();
        from = fields;
        let fields = match behaviour {
            "writes-nonsense" => rmp_serde::to_vec("no number").unwrap(),
            _ => rmp_serde::to_vec(&number).unwrap(),
        };
        rows.push(0);
        rows.extend(0u32.to_le_bytes());
        rows.extend((fields.len() as u32).to_le_bytes());
        rows.extend(times);
        rows.extend(fields);
    }
    rows
}

fn connect(Address(port, secret): Address, role: u8, run: u32, subtask: u32) -> TcpStream {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let mut hello = b"SGX1".to_vec();
    hello.extend(secret.to_le_bytes());
    hello.push(role);
    hello.extend(run.to_le_bytes());
    hello.extend(subtask.to_le_bytes());
    stream.write_all(&hello).unwrap();
    stream
}

fn report(control: &mut TcpStream, fields: &[(&str, Field)]) {
    let fields: BTreeMap<_, _> = fields.iter().map(|(name, value)| (*name, value)).collect();
    let message = rmp_serde::to_vec_named(&fields).unwrap();
    let mut frame = (message.len() as u32).to_le_bytes().to_vec();
    frame.extend(message);
    control.write_all(&frame).unwrap();
}

fn read(control: &mut TcpStream) -> Asked {
    let mut head = [0; 4];
    if control.read_exact(&mut head).is_err() {
        std::process::exit(0);
    }
    let mut message = vec![0; u32::from_le_bytes(head) as usize];
    control.read_exact(&mut message).unwrap();
    rmp_serde::from_slice(&message).unwrap()
}
