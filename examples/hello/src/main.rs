//! A service small enough to be understood at a glance: it says hello, and that it is healthy.
//!
//! `PORT` is where it listens (8080), `GREETING` what it says.

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// Nobody gets to hold a connection for longer than this without a word.
const PATIENCE: Duration = Duration::from_secs(5);

/// A request's head is short; more than this isn't read.
const MAX_HEAD: u64 = 16 * 1024;

fn main() -> io::Result<()> {
    let port = env::var("PORT").unwrap_or_else(|_| "8080".to_owned());
    let greeting = env::var("GREETING").unwrap_or_else(|_| "hello".to_owned());
    let listener = TcpListener::bind(format!("0.0.0.0:{port}"))?;
    println!("listening on {port}");
    for connection in listener.incoming().flatten() {
        let greeting = greeting.clone();
        thread::spawn(move || {
            if let Err(error) = answer(&connection, &greeting) {
                eprintln!("{error}");
            }
        });
    }
    Ok(())
}

fn answer(connection: &TcpStream, greeting: &str) -> io::Result<()> {
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    let mut head = BufReader::new(connection.take(MAX_HEAD)).lines();
    let request = head.next().transpose()?.unwrap_or_default();
    while head
        .next()
        .transpose()?
        .is_some_and(|line| !line.is_empty())
    {}
    let (status, kind, body) = match request.split_whitespace().nth(1) {
        Some("/actuator/health") => (
            "200 OK",
            "application/json",
            "{\"status\":\"UP\"}\n".to_owned(),
        ),
        Some("/") => ("200 OK", "text/plain", format!("{greeting}\n")),
        _ => ("404 Not Found", "text/plain", "nothing here\n".to_owned()),
    };
    let mut connection = connection;
    write!(
        connection,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
