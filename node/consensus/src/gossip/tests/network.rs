//! Networks of gossip nodes: everything reaches everyone, once, whatever breaks on the way.

use super::support::{Node, block_on, config, transaction, until, with_peers};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// Nodes in a line: each dials the one before it.
async fn line(count: usize) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    for _ in 0..count {
        let peers: Vec<String> = nodes.last().map(Node::address).into_iter().collect();
        nodes.push(Node::start(with_peers(&peers)).await);
    }
    nodes
}

async fn stop(nodes: Vec<Node>) {
    for node in nodes {
        node.stop().await;
    }
}

#[test]
fn a_transaction_reaches_the_end_of_a_line() {
    block_on(async {
        let nodes = line(4).await;
        until("joined", || nodes[0].peers() == 1 && nodes[1].peers() == 2 && nodes[2].peers() == 2).await;
        let (small, large) = (transaction(1, 120), transaction(2, 128 * 1024));
        nodes[0].submit(&small);
        nodes[3].submit(&large);
        until("all have both", || nodes.iter().all(|node| node.holds(&small) && node.holds(&large))).await;
        assert!(nodes.iter().all(|node| node.asked_most() <= 1));
        stop(nodes).await;
    });
}

#[test]
fn everybody_admits_everything_once() {
    block_on(async {
        let mut nodes: Vec<Node> = Vec::new();
        for _ in 0..4 {
            let peers: Vec<String> = nodes.iter().map(Node::address).collect();
            nodes.push(Node::start(with_peers(&peers)).await);
        }
        until("a full mesh", || nodes.iter().all(|node| node.peers() == 3)).await;
        for number in 0..2_000 {
            nodes[number as usize % 4].submit(&transaction(number, 110 + number as usize % 90));
            if number % 100 == 0 {
                sleep(Duration::from_millis(5)).await;
            }
        }
        until("all have all", || nodes.iter().all(|node| node.count() == 2_000)).await;
        // Whatever is still on its way is a duplicate, which never gets as far as the pool.
        sleep(Duration::from_secs(1)).await;
        for node in &nodes {
            assert_eq!(node.asked_most(), 1, "admission was asked twice");
            let counters = node.gossip.status().counters;
            assert_eq!((counters.accepted, counters.invalid, counters.bans), (1_500, 0, 0));
            assert!(counters.duplicates < 1_500, "a third of the traffic at most: {counters:?}");
        }
        stop(nodes).await;
    });
}

#[test]
fn two_that_dial_each_other_keep_one_connection() {
    block_on(async {
        let first = Node::start(config()).await;
        let (address, (key, pool)) = (first.address(), first.stop().await);
        let second = Node::start(with_peers(std::slice::from_ref(&address))).await;
        let again = |peers: &[String]| {
            let mut config = with_peers(peers);
            config.listen = Some(address.split("/p2p/").next().unwrap().to_owned());
            config
        };
        let first = Node::restart(again(&[second.address()]), key, pool).await;
        until("joined", || first.peers() == 1 && second.peers() == 1).await;
        for number in 0..20 {
            first.submit(&transaction(number, 100));
            second.submit(&transaction(100 + number, 100));
            sleep(Duration::from_millis(50)).await;
            assert!(first.peers() <= 1 && second.peers() <= 1);
        }
        until("both have all", || first.count() == 40 && second.count() == 40).await;
        stop(vec![first, second]).await;
    });
}

#[test]
fn a_restarted_peer_is_found_again_and_gets_what_it_missed() {
    block_on(async {
        let first = Node::start(config()).await;
        let second = Node::start(with_peers(&[first.address()])).await;
        until("joined", || second.peers() == 1).await;
        let address = first.address();
        let (key, _) = first.stop().await;
        until("gone", || second.peers() == 0).await;
        let missed: Vec<_> = (0..700).map(|number| transaction(number, 300)).collect();
        missed.iter().for_each(|raw| second.submit(raw));
        until("dialled in vain", || second.gossip.status().counters.dial_failures > 0).await;
        // The same address and identity, an empty pool.
        let mut again = config();
        again.listen = Some(address.split("/p2p/").next().unwrap().to_owned());
        let first = Node::restart(again, key, Arc::default()).await;
        until("caught up", || first.count() == missed.len()).await;
        let next = transaction(10_000, 100);
        first.submit(&next);
        until("and back", || second.holds(&next)).await;
        stop(vec![first, second]).await;
    });
}

/// A wire between two nodes that can be cut.
struct Wire {
    port: u16,
    cut: Arc<AtomicBool>,
}

impl Wire {
    async fn to(node: &Node) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = node.gossip.status().listening[0].split('/').nth(4).unwrap().parse::<u16>().unwrap();
        let wire = Self { port: listener.local_addr().unwrap().port(), cut: Arc::default() };
        let cut = Arc::clone(&wire.cut);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let cut = Arc::clone(&cut);
                tokio::spawn(async move {
                    let watched = async {
                        while !cut.load(Ordering::SeqCst) {
                            sleep(Duration::from_millis(5)).await;
                        }
                    };
                    if cut.load(Ordering::SeqCst) {
                        return;
                    }
                    let mut far = TcpStream::connect(("127.0.0.1", target)).await.unwrap();
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        () = watched => {}
                    }
                });
            }
        });
        wire
    }

    fn set_cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::SeqCst);
    }
}

#[test]
fn pools_agree_again_after_a_partition() {
    block_on(async {
        // 2 | 2, with one wire between the halves.
        let first = Node::start(config()).await;
        let second = Node::start(with_peers(&[first.address()])).await;
        let wire = Wire::to(&second).await;
        let third = Node::start(with_peers(&[format!("/ip4/127.0.0.1/tcp/{}", wire.port)])).await;
        let fourth = Node::start(with_peers(&[third.address()])).await;
        until("joined", || second.peers() == 2 && third.peers() == 2 && fourth.peers() == 1).await;
        let before = transaction(0, 100);
        first.submit(&before);
        until("across", || fourth.holds(&before)).await;
        wire.set_cut(true);
        until("cut", || second.peers() == 1 && third.peers() == 1).await;
        for number in 0..300 {
            first.submit(&transaction(1_000 + number, 100));
            fourth.submit(&transaction(2_000 + number, 100));
        }
        until("within the halves", || second.count() == 301 && third.count() == 301).await;
        wire.set_cut(false);
        until("healed", || [&first, &second, &third, &fourth].iter().all(|node| node.count() == 601)).await;
        stop(vec![first, second, third, fourth]).await;
    });
}

#[test]
fn what_a_busy_peer_could_not_take_is_offered_again() {
    block_on(async {
        let first = Node::start(config()).await;
        first.pool.lock().unwrap().busy = true;
        let second = Node::start(with_peers(&[first.address()])).await;
        until("joined", || second.peers() == 1).await;
        for number in 0..50 {
            second.submit(&transaction(number, 100));
        }
        until("offered", || first.gossip.status().counters.busy >= 50).await;
        assert_eq!(first.count(), 0);
        first.pool.lock().unwrap().busy = false;
        until("taken", || first.count() == 50).await;
        assert_eq!(first.gossip.status().peers[0].score, 0);
        stop(vec![first, second]).await;
    });
}
