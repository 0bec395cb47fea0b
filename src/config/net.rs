//! Addresses: listeners, networks, and whether an address is one of a network.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::Net;

impl Net {
    /// Whether the address is in the network. An IPv4 address mapped into IPv6 counts as IPv4.
    pub fn contains(&self, addr: IpAddr) -> bool {
        match (self.addr, addr.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(addr)) => {
                top(u128::from(u32::from(net) ^ u32::from(addr)) << 96, self.bits) == 0
            }
            (IpAddr::V6(net), IpAddr::V6(addr)) => top(u128::from(net) ^ u128::from(addr), self.bits) == 0,
            _ => false,
        }
    }

    /// Reads `10.0.0.0/8`, or an address alone; `Err` is the sentence for the owner.
    pub(super) fn parse(written: &str) -> Result<Net, String> {
        let (addr, bits) = written.split_once('/').map_or((written, None), |(addr, bits)| (addr, Some(bits)));
        let bad =
            || format!("`{written}` is no network; write an address such as 10.0.0.1, or a network such as 10.0.0.0/8");
        let addr: IpAddr = addr.trim_matches(['[', ']']).parse().map_err(|_| bad())?;
        let most = if addr.is_ipv4() { 32 } else { 128 };
        let bits: u8 = bits.map_or(Ok(most), str::parse).map_err(|_| bad())?;
        if bits > most {
            return Err(format!("`{written}` has more bits than an address; write /{most} or less"));
        }
        let net = Net { addr, bits }.canonical();
        match net.first() {
            first if first == net.addr => Ok(net),
            first => Err(format!("`{written}` names an address inside the network; write {first}/{}", net.bits)),
        }
    }

    /// The network's own address: the bits behind its prefix are zero.
    fn first(&self) -> IpAddr {
        match self.addr {
            IpAddr::V4(addr) => {
                let bits = u128::from(u32::from(addr)) << 96;
                IpAddr::V4(Ipv4Addr::from((top(bits, self.bits) >> 96) as u32))
            }
            IpAddr::V6(addr) => IpAddr::V6(top(u128::from(addr), self.bits).into()),
        }
    }

    /// `::ffff:10.0.0.0/104` is `10.0.0.0/8`.
    fn canonical(self) -> Net {
        match (self.addr.to_canonical(), self.bits.checked_sub(96)) {
            (IpAddr::V4(addr), Some(bits)) if self.addr.is_ipv6() => Net { addr: addr.into(), bits },
            _ => self,
        }
    }
}

/// The leading bits, the others zero.
fn top(value: u128, bits: u8) -> u128 {
    value & u128::MAX.checked_shl(128 - u32::from(bits.min(128))).unwrap_or(0)
}

/// Reads an address to listen on; `Err` is the sentence for the owner.
pub(super) fn listen(written: &str) -> Result<SocketAddr, String> {
    written.parse().map_err(|_| {
        let port = written.rsplit(':').next().and_then(|port| port.parse::<u16>().ok()).unwrap_or(8080);
        let ip = written.trim_matches(['[', ']']).parse::<IpAddr>();
        let instead = match ip {
            Ok(IpAddr::V6(ip)) => format!("[{ip}]:8080"),
            Ok(ip) => format!("{ip}:8080"),
            Err(_) if written.starts_with("localhost") => format!("127.0.0.1:{port}"),
            Err(_) => format!("127.0.0.1:{port}, or 0.0.0.0:{port} for every address of this machine"),
        };
        format!("`{written}` is no address with a port; write {instead}")
    })
}

/// Whether both cannot be listened on at once.
pub(super) fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    let same_family = one.is_ipv4() == other.is_ipv4();
    let wide = same_family && (one.ip().is_unspecified() || other.ip().is_unspecified());
    // Port 0 is another one each time.
    one.port() == other.port() && one.port() != 0 && (one.ip() == other.ip() || wide)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(written: &str) -> Net {
        Net::parse(written).expect(written)
    }

    fn ip(written: &str) -> IpAddr {
        written.parse().expect(written)
    }

    #[test]
    fn a_network_has_the_addresses_under_its_prefix_and_no_others() {
        assert!(net("10.0.0.0/8").contains(ip("10.255.0.1")) && !net("10.0.0.0/8").contains(ip("11.0.0.1")));
        assert!(net("fd00::/8").contains(ip("fdab::1")) && !net("fd00::/8").contains(ip("fc00::1")));
        assert!(net("0.0.0.0/0").contains(ip("1.2.3.4")) && !net("0.0.0.0/0").contains(ip("::1")));
        assert!(net("::/0").contains(ip("2001:db8::1")));
    }

    #[test]
    fn a_bare_address_is_a_network_of_one() {
        assert_eq!(net("::1"), Net { addr: ip("::1"), bits: 128 });
        assert!(net("10.0.0.1").contains(ip("10.0.0.1")) && !net("10.0.0.1").contains(ip("10.0.0.2")));
    }

    #[test]
    fn an_ipv4_address_mapped_into_ipv6_counts_as_ipv4_on_both_sides() {
        assert!(net("127.0.0.0/8").contains(ip("::ffff:127.0.0.1")));
        assert!(net("::ffff:10.0.0.0/104").contains(ip("10.1.2.3")));
    }

    #[test]
    fn a_network_that_is_none_is_refused_with_what_to_write() {
        for (written, instead) in [
            ("10.0.0.1/8", "write 10.0.0.0/8"),
            ("10.0.0.0/33", "/32 or less"),
            ("10.0.0.0/", "10.0.0.0/8"),
            ("proxy.example.com", "10.0.0.0/8"),
            ("fd00::1/8", "write fd00::/8"),
        ] {
            let message = Net::parse(written).expect_err(written);
            assert!(message.contains(instead), "{written}: {message}");
        }
    }

    #[test]
    fn an_address_to_listen_on_without_a_port_is_refused_with_what_to_write() {
        for (written, instead) in [
            ("127.0.0.1", "write 127.0.0.1:8080"),
            ("::1", "write [::1]:8080"),
            (":9000", "write 127.0.0.1:9000"),
            ("localhost:3000", "write 127.0.0.1:3000"),
            ("8081", "127.0.0.1:8081"),
        ] {
            let message = listen(written).expect_err(written);
            assert!(message.contains(instead), "{written}: {message}");
        }
    }

    #[test]
    fn addresses_collide_that_cannot_be_bound_together() {
        let collide = |one: &str, other: &str| collide(one.parse().expect(one), other.parse().expect(other));
        assert!(collide("127.0.0.1:80", "127.0.0.1:80") && collide("0.0.0.0:80", "127.0.0.1:80"));
        assert!(!collide("127.0.0.1:80", "127.0.0.1:81") && !collide("127.0.0.1:80", "127.0.0.2:80"));
        assert!(!collide("0.0.0.0:80", "[::]:80"), "two families, as nginx has them");
        assert!(!collide("127.0.0.1:0", "127.0.0.1:0"), "port 0 is another one each time");
    }
}
