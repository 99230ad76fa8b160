//! A rust-libp2p peer for the interop tests. It speaks the line protocol of
//! tests/tool/peer/main.c: one JSON object a line out, one command a line in.
//! Arguments are NAME=VALUE:
//!
//!     key=ed25519|ecdsa|secp256k1       of the identity
//!     key=rsa:HEX                       PKCS#8
//!     versions=1.0|1.1                  of gossip; default: rust's own list
//!     sign=none|author|strict           Anonymous, Author, or rust's default
//!     id=sha256|default                 of messages, default: rust's own
//!     extra=N                           N more protocols, for a long identify
//!     slow=on                           echoes are read in small steps
//!
//! What rust cannot be told, it does as it does: it pings every half second,
//! and `ping` waits for the next.

mod streams;

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::time::Duration;

use futures::StreamExt;
use libp2p::gossipsub::{self, IdentTopic, MessageAuthenticity, MessageId, ValidationMode, Version};
use libp2p::identity::Keypair;
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{ConnectionId, NetworkBehaviour, SwarmEvent};
use libp2p::{identify, noise, ping, tcp, yamux, Multiaddr, PeerId, StreamProtocol, Swarm};
use serde_json::{json, Value};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncBufReadExt, BufReader};

type Failure = Box<dyn Error + Send + Sync>;

pub fn say(line: Value) {
    println!("{line}");
}

#[derive(NetworkBehaviour)]
struct Behaviour {
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    gossip: gossipsub::Behaviour,
    streams: libp2p_stream::Behaviour,
}

fn identity(kind: &str) -> Result<Keypair, Failure> {
    if let Some(hex) = kind.strip_prefix("rsa:") {
        return Ok(Keypair::rsa_from_pkcs8(&mut hex::decode(hex)?)?);
    }
    match kind {
        "ed25519" => Ok(Keypair::generate_ed25519()),
        "ecdsa" => Ok(Keypair::generate_ecdsa()),
        "secp256k1" => Ok(Keypair::generate_secp256k1()),
        other => Err(format!("key={other}").into()),
    }
}

fn gossip(key: &Keypair, options: &HashMap<String, String>) -> Result<gossipsub::Behaviour, Failure> {
    let option = |name: &str| options.get(name).map(String::as_str).unwrap_or("");
    let mut config = gossipsub::ConfigBuilder::default();
    if option("id") != "default" {
        config.message_id_fn(|m| MessageId::from(Sha256::digest(&m.data).to_vec()));
    }
    match option("versions") {
        "" => {}
        "1.1" => {
            config.protocol_id("/meshsub/1.1.0", Version::V1_1);
        }
        "1.0" => {
            config.protocol_id("/meshsub/1.0.0", Version::V1_0);
        }
        other => return Err(format!("versions={other}").into()),
    }
    let who = match option("sign") {
        "strict" => MessageAuthenticity::Signed(key.clone()),
        "author" => {
            config.validation_mode(ValidationMode::None);
            MessageAuthenticity::Author(key.public().to_peer_id())
        }
        _ => {
            config.validation_mode(ValidationMode::Anonymous);
            MessageAuthenticity::Anonymous
        }
    };
    Ok(gossipsub::Behaviour::new(who, config.build()?)?)
}

fn start(options: &HashMap<String, String>) -> Result<Swarm<Behaviour>, Failure> {
    let key = identity(options.get("key").map(String::as_str).unwrap_or("ed25519"))?;
    let swarm = libp2p::SwarmBuilder::with_existing_identity(key)
        .with_tokio()
        .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)?
        .with_behaviour(|key| {
            Ok(Behaviour {
                identify: identify::Behaviour::new(identify::Config::new_with_signed_peer_record(
                    "interop/1".into(),
                    key,
                )),
                ping: ping::Behaviour::new(
                    ping::Config::new().with_interval(Duration::from_millis(500)),
                ),
                gossip: gossip(key, options)?,
                streams: libp2p_stream::Behaviour::new(),
            })
        })?
        .with_swarm_config(|c| c.with_idle_connection_timeout(Duration::from_secs(600)))
        .build();
    Ok(swarm)
}

/// What is under way, and what was counted.
#[derive(Default)]
struct Peer {
    dials: HashSet<ConnectionId>,
    pings: HashSet<PeerId>,
    delivered: u64,
    not_supported: u64,
}

fn done(command: &str, error: &str) {
    say(json!({"event": "done", "command": command, "error": error}));
}

impl Peer {
    fn on_identify(&self, event: identify::Event) {
        if let identify::Event::Received { peer_id, info, .. } = event {
            say(json!({
                "event": "identified", "peer": peer_id.to_string(),
                "agent": info.agent_version, "version": info.protocol_version,
                "addresses": info.listen_addrs.len(),
                "signed": info.signed_peer_record.is_some(),
                "protocols": info.protocols.iter().map(|p| p.to_string()).collect::<Vec<_>>(),
                "observed": info.observed_addr.to_string(),
            }));
        }
    }

    fn on_gossip(&mut self, event: gossipsub::Event) {
        match event {
            gossipsub::Event::Message { propagation_source, message, .. } => {
                self.delivered += 1;
                say(json!({
                    "event": "message", "topic": message.topic.to_string(),
                    "from": propagation_source.to_string(), "verdict": "accept",
                    "data": hex::encode(&message.data),
                }));
            }
            gossipsub::Event::GossipsubNotSupported { .. } => self.not_supported += 1,
            _ => {}
        }
    }

    fn on_event(&mut self, swarm: &Swarm<Behaviour>, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::Behaviour(BehaviourEvent::Identify(e)) => self.on_identify(e),
            SwarmEvent::Behaviour(BehaviourEvent::Gossip(e)) => self.on_gossip(e),
            SwarmEvent::Behaviour(BehaviourEvent::Ping(e)) => {
                if self.pings.remove(&e.peer) {
                    say(json!({"event": "ping", "peer": e.peer.to_string(), "good": e.result.is_ok()}));
                    done("ping", "ok");
                }
            }
            SwarmEvent::NewListenAddr { address, .. } => {
                let id = swarm.local_peer_id();
                say(json!({"event": "listening", "peer": id.to_string(),
                    "address": format!("{address}/p2p/{id}")}));
            }
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, num_established, .. } => {
                if num_established.get() == 1 {
                    say(json!({"event": "up", "peer": peer_id.to_string()}));
                }
                if self.dials.remove(&connection_id) {
                    done("dial", "ok");
                }
            }
            SwarmEvent::ConnectionClosed { peer_id, num_established, cause, .. } => {
                if num_established == 0 {
                    say(json!({"event": "down", "peer": peer_id.to_string(),
                        "why": cause.map(|c| c.to_string())}));
                }
            }
            SwarmEvent::OutgoingConnectionError { connection_id, error, .. } => {
                if self.dials.remove(&connection_id) {
                    done("dial", &error.to_string());
                }
            }
            _ => {}
        }
    }

    /// OK(true): answered later.
    fn command(&mut self, swarm: &mut Swarm<Behaviour>, words: &[&str], slow: bool) -> Result<bool, Failure> {
        let arg = |i: usize| words.get(i).copied().ok_or("a word is missing");
        let gossip = &mut swarm.behaviour_mut().gossip;
        match words[0] {
            "dial" => {
                let opts = DialOpts::from(arg(1)?.parse::<Multiaddr>()?);
                self.dials.insert(opts.connection_id());
                swarm.dial(opts)?;
                return Ok(true);
            }
            "ping" => {
                self.pings.insert(arg(1)?.parse()?);
                return Ok(true);
            }
            "echo" | "drain" => {
                let control = swarm.behaviour().streams.new_control();
                let kind = if words[0] == "echo" { streams::ECHO } else { streams::DRAIN };
                tokio::spawn(streams::send(control, arg(1)?.parse()?, kind, arg(2)?.parse()?, slow));
            }
            "reset" => {
                let control = swarm.behaviour().streams.new_control();
                tokio::spawn(streams::reset(control, arg(1)?.parse()?));
            }
            "subscribe" => {
                gossip.subscribe(&IdentTopic::new(arg(1)?))?;
            }
            "unsubscribe" => {
                gossip.unsubscribe(&IdentTopic::new(arg(1)?));
            }
            "publish" => {
                gossip.publish(IdentTopic::new(arg(1)?), hex::decode(arg(2)?)?)?;
            }
            "mesh" => {
                let topic = IdentTopic::new(arg(1)?).hash();
                let peers: Vec<_> = gossip.mesh_peers(&topic).map(|p| p.to_string()).collect();
                say(json!({"event": "mesh", "topic": arg(1)?, "peers": peers}));
            }
            "stats" => {
                let speaks: HashMap<_, _> = gossip
                    .peer_protocol()
                    .map(|(id, kind)| (id.to_string(), version(&format!("{kind:?}"))))
                    .collect();
                say(json!({"event": "stats", "speaks": speaks, "delivered": self.delivered,
                    "not_supported": self.not_supported}));
            }
            _ => return Err("no such command".into()),
        }
        Ok(false)
    }
}

/// By the name of the kind: the type itself is not public.
fn version(kind: &str) -> &'static str {
    match kind {
        "Gossipsub" => "/meshsub/1.0.0",
        "Gossipsubv1_1" => "/meshsub/1.1.0",
        "Gossipsubv1_2" => "/meshsub/1.2.0",
        "Gossipsubv1_3" => "/meshsub/1.3.0",
        "Floodsub" => "/floodsub/1.0.0",
        _ => "",
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let options: HashMap<String, String> = std::env::args()
        .skip(1)
        .filter_map(|a| a.split_once('=').map(|(n, v)| (n.into(), v.into())))
        .collect();
    let slow = options.get("slow").is_some_and(|v| v == "on");
    let mut swarm = start(&options)?;
    streams::serve(swarm.behaviour().streams.new_control(), slow);
    // Protocols that nobody uses, kept as long as their streams are.
    let extra: usize = options.get("extra").map_or(Ok(0), |n| n.parse())?;
    let mut kept = Vec::new();
    for i in 0..extra {
        let name = format!("/ohcn-test/one-more-of-many-protocols/{i:04}");
        let mut control = swarm.behaviour().streams.new_control();
        kept.push(control.accept(StreamProtocol::try_from_owned(name)?)?);
    }
    swarm.listen_on("/ip4/127.0.0.1/tcp/0".parse()?)?;
    let mut peer = Peer::default();
    let mut input = BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            event = swarm.select_next_some() => peer.on_event(&swarm, event),
            line = input.next_line() => {
                let Some(line) = line? else { return Ok(()) };
                let words: Vec<&str> = line.split_whitespace().collect();
                match words.first() {
                    None => continue,
                    Some(&"quit") => return Ok(()),
                    Some(verb) => match peer.command(&mut swarm, &words, slow) {
                        Ok(true) => {}
                        Ok(false) => done(verb, "ok"),
                        Err(e) => done(verb, &e.to_string()),
                    },
                }
            }
        }
    }
}
