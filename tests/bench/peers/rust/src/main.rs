//! rust-libp2p as one side of the network benchmarks: the same lines as
//! tests/tool/bench_peer.c, whose head lists them.
use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::{
    gossipsub, identify, identity, multiaddr::Protocol, noise, ping,
    swarm::{dial_opts::{DialOpts, PeerCondition}, NetworkBehaviour, SwarmEvent},
    tcp, yamux, Multiaddr, PeerId, Stream, StreamProtocol, Swarm, SwarmBuilder,
};
use serde_json::{json, Value};
use sha2::{Digest, Sha256};
use std::{collections::HashMap, error::Error, time::{Duration, Instant}};
use tokio::io::{AsyncBufReadExt, BufReader};

const SINK: StreamProtocol = StreamProtocol::new("/ohcn-bench/sink/1");
type Fault = Box<dyn Error + Send + Sync>;

#[derive(NetworkBehaviour)]
struct Behaviour {
    gossip: gossipsub::Behaviour,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    stream: libp2p_stream::Behaviour,
}

fn say(v: Value) {
    println!("{v}");
}

/// Counts what comes and answers with the number of bytes.
async fn sink(mut s: Stream) -> std::io::Result<()> {
    let mut part = vec![0u8; 65536];
    let mut bytes = 0u64;
    loop {
        let n = s.read(&mut part).await?;
        if n == 0 {
            break;
        }
        bytes += n as u64;
    }
    s.write_all(&bytes.to_be_bytes()).await?;
    s.close().await
}

async fn swarm_new() -> Result<(Swarm<Behaviour>, Multiaddr), Fault> {
    let mut swarm = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)?
        .with_behaviour(|key: &identity::Keypair| {
            let config = gossipsub::ConfigBuilder::default()
                .validation_mode(gossipsub::ValidationMode::Anonymous)
                .validate_messages()
                .message_id_fn(|m| gossipsub::MessageId::from(Sha256::digest(&m.data).to_vec()))
                .build()?;
            Ok(Behaviour {
                gossip: gossipsub::Behaviour::new(gossipsub::MessageAuthenticity::Anonymous, config)?,
                identify: identify::Behaviour::new(identify::Config::new("bench/1".into(), key.public())),
                ping: ping::Behaviour::new(ping::Config::new().with_interval(Duration::from_secs(3600))),
                stream: libp2p_stream::Behaviour::new(),
            })
        })?
        .with_swarm_config(|c| c.with_idle_connection_timeout(Duration::from_secs(3600)))
        .build();
    let mut incoming = swarm.behaviour().stream.new_control().accept(SINK)?;
    tokio::spawn(async move {
        while let Some((_, s)) = incoming.next().await {
            tokio::spawn(sink(s));
        }
    });
    swarm.listen_on("/ip4/127.0.0.1/tcp/0".parse()?)?;
    loop {
        if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
            let full = address.with(Protocol::P2p(*swarm.local_peer_id()));
            return Ok((swarm, full));
        }
    }
}

fn peer_of(a: &Multiaddr) -> Result<PeerId, Fault> {
    match a.iter().last() {
        Some(Protocol::P2p(id)) => Ok(id),
        _ => Err("an address without a peer".into()),
    }
}

fn signature_is_good(d: &[u8]) -> bool {
    d.len() > 96
        && identity::ed25519::PublicKey::try_from_bytes(&d[64..96])
            .is_ok_and(|key| key.verify(&d[96..], &d[..64]))
}

#[derive(Default)]
struct Dialling {
    address: HashMap<PeerId, (Multiaddr, bool)>, // and whether it was pinged
    begun: usize,
    wanted: usize,
    good: usize,
    failed: usize,
    start: Option<Instant>,
}

struct Side {
    swarm: Swarm<Behaviour>,
    signed: bool,
    messages: u64,
    bad: u64,
    connecting: Option<PeerId>,
    dialling: Dialling,
    send: Option<(PeerId, u64, usize)>,
}

async fn send_one(mut control: libp2p_stream::Control, to: PeerId, bytes: u64) -> Result<u64, Fault> {
    let mut s = control.open_stream(to, SINK).await?;
    let zeros = vec![0u8; 65536];
    let mut left = bytes;
    while left > 0 {
        let n = left.min(zeros.len() as u64);
        s.write_all(&zeros[..n as usize]).await?;
        left -= n;
    }
    s.close().await?;
    let mut receipt = [0u8; 8];
    s.read_exact(&mut receipt).await?;
    Ok(u64::from_be_bytes(receipt))
}

async fn send_all(control: libp2p_stream::Control, to: PeerId, bytes: u64, streams: usize) {
    let start = Instant::now();
    let all: Vec<_> = (0..streams)
        .map(|_| tokio::spawn(send_one(control.clone(), to, bytes / streams as u64)))
        .collect();
    let (mut sum, mut failed) = (0, 0);
    for one in all {
        match one.await {
            Ok(Ok(n)) => sum += n,
            _ => failed += 1,
        }
    }
    say(json!({"event": "sent", "bytes": sum, "failed": failed, "seconds": start.elapsed().as_secs_f64()}));
}

impl Side {
    fn dial(&mut self, a: &Multiaddr) -> Result<(), Fault> {
        let opts = DialOpts::peer_id(peer_of(a)?)
            .condition(PeerCondition::Always)
            .addresses(vec![a.clone()])
            .build();
        Ok(self.swarm.dial(opts)?)
    }

    fn dial_next(&mut self, peer: PeerId) {
        let d = &mut self.dialling;
        if d.begun == d.wanted {
            return;
        }
        d.begun += 1;
        let a = match d.address.get_mut(&peer) {
            Some(entry) => {
                entry.1 = false;
                entry.0.clone()
            }
            None => return,
        };
        if self.dial(&a).is_err() {
            self.dial_over(peer, false);
        }
    }

    fn dial_over(&mut self, peer: PeerId, good: bool) {
        let d = &mut self.dialling;
        if good {
            d.good += 1;
        } else {
            d.failed += 1;
        }
        if d.good + d.failed == d.wanted {
            let seconds = d.start.map_or(0.0, |s| s.elapsed().as_secs_f64());
            say(json!({"event": "dialled", "count": d.good, "failed": d.failed, "seconds": seconds}));
            self.dialling = Dialling::default();
        } else {
            self.dial_next(peer);
        }
    }

    fn start_send(&mut self, to: PeerId) {
        match self.send.take() {
            Some((peer, bytes, streams)) if peer == to => {
                let control = self.swarm.behaviour().stream.new_control();
                tokio::spawn(send_all(control, peer, bytes, streams));
            }
            other => self.send = other,
        }
    }

    fn on_event(&mut self, ev: SwarmEvent<BehaviourEvent>) {
        match ev {
            SwarmEvent::Behaviour(BehaviourEvent::Gossip(gossipsub::Event::Message {
                propagation_source, message_id, message,
            })) => {
                let good = !self.signed || signature_is_good(&message.data);
                self.messages += good as u64;
                self.bad += !good as u64;
                self.swarm.behaviour_mut().gossip.report_message_validation_result(
                    &message_id,
                    &propagation_source,
                    if good { gossipsub::MessageAcceptance::Accept } else { gossipsub::MessageAcceptance::Reject },
                );
            }
            SwarmEvent::Behaviour(BehaviourEvent::Identify(identify::Event::Received { peer_id, .. })) => {
                if self.connecting == Some(peer_id) {
                    self.connecting = None;
                    if self.send.is_some() {
                        self.start_send(peer_id);
                    } else {
                        say(json!({"event": "connected"}));
                    }
                }
            }
            SwarmEvent::Behaviour(BehaviourEvent::Ping(p)) => {
                if let Some(entry) = self.dialling.address.get_mut(&p.peer) {
                    entry.1 = p.result.is_ok();
                    self.swarm.close_connection(p.connection);
                }
            }
            SwarmEvent::ConnectionClosed { peer_id, .. } => {
                if let Some((_, pinged)) = self.dialling.address.get(&peer_id).cloned() {
                    self.dial_over(peer_id, pinged);
                }
            }
            SwarmEvent::OutgoingConnectionError { peer_id: Some(peer), error, .. } => {
                eprintln!("dial: {error}");
                if self.dialling.address.contains_key(&peer) {
                    self.dial_over(peer, false);
                }
            }
            _ => {}
        }
    }

    fn command(&mut self, w: &[&str]) -> Result<(), Fault> {
        match w {
            ["connect", a] => {
                let a: Multiaddr = a.parse()?;
                self.connecting = Some(peer_of(&a)?);
                self.dial(&a)?;
            }
            ["subscribe", topic, rest @ ..] => {
                self.signed = rest == ["signed"];
                self.swarm.behaviour_mut().gossip.subscribe(&gossipsub::IdentTopic::new(*topic))?;
                say(json!({"event": "done"}));
            }
            ["count"] => say(json!({"event": "count", "messages": self.messages, "bad": self.bad})),
            ["dial", count, parallel, addresses @ ..] => {
                let (count, parallel): (usize, usize) = (count.parse()?, parallel.parse()?);
                self.dialling = Dialling { wanted: count, start: Some(Instant::now()), ..Default::default() };
                for a in addresses.iter().take(parallel) {
                    let a: Multiaddr = a.parse()?;
                    self.dialling.address.insert(peer_of(&a)?, (a, false));
                }
                let peers: Vec<_> = self.dialling.address.keys().copied().collect();
                for p in peers {
                    self.dial_next(p);
                }
            }
            ["send", a, bytes, streams] => {
                let a: Multiaddr = a.parse()?;
                let to = peer_of(&a)?;
                self.send = Some((to, bytes.parse()?, streams.parse()?));
                if self.swarm.is_connected(&to) {
                    self.start_send(to);
                } else {
                    self.connecting = Some(to);
                    self.dial(&a)?;
                }
            }
            ["quit"] => std::process::exit(0),
            _ => return Err("no such command".into()),
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Fault> {
    let args: Vec<String> = std::env::args().collect();
    let hosts = if args.len() > 2 && args[1] == "hosts" { args[2].parse()? } else { 1 };
    let (first, address) = swarm_new().await?;
    let mut addresses = vec![address];
    for _ in 1..hosts {
        let (mut other, address) = swarm_new().await?;
        addresses.push(address);
        tokio::spawn(async move {
            loop {
                other.select_next_some().await;
            }
        });
    }
    say(json!({"event": "listening", "addresses": addresses}));
    let mut side = Side {
        swarm: first, signed: false, messages: 0, bad: 0,
        connecting: None, dialling: Dialling::default(), send: None,
    };
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            line = lines.next_line() => match line? {
                Some(line) => {
                    let words: Vec<&str> = line.split_whitespace().collect();
                    if let Err(e) = side.command(&words) {
                        say(json!({"event": "failed", "why": e.to_string()}));
                    }
                }
                None => return Ok(()),
            },
            ev = side.swarm.select_next_some() => side.on_event(ev),
        }
    }
}
