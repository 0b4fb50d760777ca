//! A forwarder as it can be written in an afternoon: `lambda_runtime`, `aws_lambda_events`, owned values, and one write
//! for each line. It has no receipt, no batch item failures and no limits.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lambda_events::kinesis::KinesisEvent;
use cwl2le_benches::workload::TOKEN;
use flate2::read::MultiGzDecoder;
use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use rustls::pki_types::ServerName;
use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::floor;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Logs {
    message_type: String,
    log_events: Vec<LogEvent>,
}

#[derive(Deserialize)]
struct LogEvent {
    message: String,
}

/// Takes invocations from the runtime API in `AWS_LAMBDA_RUNTIME_API` until that closes the connection.
pub(crate) fn run(folder: PathBuf, address: String) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let connection = Arc::new(Mutex::new(connect(&folder, &address).await?));
        let handler = service_fn(move |event: LambdaEvent<KinesisEvent>| {
            let connection = Arc::clone(&connection);
            async move { forward(event.payload, &mut *connection.lock().await).await }
        });
        // An error here means that the runtime API has closed the connection: the measurement is over.
        let _ = Runtime::new(handler).run().await;
        Ok(())
    })
}

async fn connect(folder: &Path, address: &str) -> io::Result<TlsStream<TcpStream>> {
    let config = floor::config(&folder.join("authority.pem"))?;
    let socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    let name = ServerName::try_from("127.0.0.1").map_err(io::Error::other)?;
    TlsConnector::from(Arc::new(config)).connect(name, socket).await
}

async fn forward(event: KinesisEvent, connection: &mut TlsStream<TcpStream>) -> Result<(), Error> {
    for record in event.records {
        let mut json = String::new();
        MultiGzDecoder::new(&record.kinesis.data[..]).read_to_string(&mut json)?;
        let logs: Logs = serde_json::from_str(&json)?;
        if logs.message_type != "DATA_MESSAGE" {
            continue;
        }
        for event in logs.log_events {
            let message = event.message.strip_suffix('\n').unwrap_or(&event.message);
            let line = format!("{TOKEN} {}\n", message.replace('\n', "\u{2028}"));
            connection.write_all(line.as_bytes()).await?;
        }
    }
    connection.flush().await?;
    Ok(())
}
