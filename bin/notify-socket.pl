#!/usr/bin/perl
# Runs a program with a descriptor that is connected to the socket of sd_notify(3), and names it in UPKEEP_NOTIFY_FD.
# Node cannot open such a socket, but it can write to one. The process stays the same, as NotifyAccess=main asks for.
use strict;
use warnings;
use Fcntl qw(F_SETFD F_SETFL O_NONBLOCK);
use Socket qw(AF_UNIX SOCK_DGRAM pack_sockaddr_un);

my $socket;
if (my $path = $ENV{NOTIFY_SOCKET}) {
    $path =~ s/^@/\0/;
    if (socket($socket, AF_UNIX, SOCK_DGRAM, 0) && connect($socket, pack_sockaddr_un($path))) {
        fcntl($socket, F_SETFD, 0);
        # A manager that does not read must not hold up the program.
        fcntl($socket, F_SETFL, O_NONBLOCK);
        $ENV{UPKEEP_NOTIFY_FD} = fileno($socket);
    }
}
exec { $ARGV[0] } @ARGV or die "Cannot run $ARGV[0]: $!\n";
