#!/usr/bin/perl -w
# Moves what is in pipes to the end of files for the daemon, with splice(2): what left the pipe is in the file, even if
# every process is killed in the middle, which Node cannot do. It does only what it is told, and ends with the daemon.
#
#   spooler.pl <number of splice(2)> <of prctl(2)> <flags to open a pipe with> <to open a file with> <working folder>
#
#   in:  take <offset in the file> <microseconds to pause before> <name of the pipe>   |   forget <name of the pipe>
#   out: ready   |   <bytes, 0 at the end of the pipe, "nothing" or "failed"> <name of the pipe>
#
# Names are those of files in the working folder; what comes from "name" goes to "name.spool". The numbers differ between
# machines, and the modules that know them take a megabyte.
use strict;

my $directory = pop @ARGV;
my ($splice, $prctl, $pipe_flags, $file_flags) = map { $_ + 0 } @ARGV;
my $SPLICE_F_NONBLOCK = 2;
my $LOCK_EX = 2;
my $PR_SET_PDEATHSIG = 1;
my $SIGKILL = 9;
my $EINTR = 4;
my $EAGAIN = 11;
my $MOST_BYTES = 65_536;

# What a terminal or an init system sends to all is not meant for it: the daemon may still have something to move.
$SIG{$_} = 'IGNORE' for qw(HUP INT QUIT TERM);

# One that is stopped ends with the daemon too: what it has in hand is not for the spools of the next one.
syscall($prctl, $PR_SET_PDEATHSIG, $SIGKILL, 0, 0, 0);

# The spooler of the daemon before may not have ended yet.
sysopen(my $folder, '.', 0) or exit 4;
flock($folder, $LOCK_EX) or exit 4;
answer("ready\n");

my %open;
my $unread = '';
while (sysread(STDIN, $unread, 65_536, length $unread)) {
    my ($pause, @takes) = (0);
    while ($unread =~ s/^([^\n]*)\n//) {
        if ($1 =~ /^take (\d+) (\d+) (.+)$/) {
            push @takes, [$3, $1];
            $pause = $2 if $2 > $pause;
        }
        elsif ($1 =~ /^forget (.+)$/) { delete $open{$1} }
        else                          { exit 5 }
    }
    select(undef, undef, undef, $pause / 1e6) if $pause > 0;
    answer(join '', map { take(@$_) . " $_->[0]\n" } @takes);
}

sub take {
    my ($name, $offset) = @_;
    $open{$name} //= pair($name) or return 'failed';
    my ($pipe, $file) = @{ $open{$name} };
    my $at = pack 'q', $offset;
    my $length = syscall($splice, fileno $pipe, 0, fileno $file, $at, $MOST_BYTES, $SPLICE_F_NONBLOCK);
    return $length if $length >= 0;
    return $! == $EAGAIN || $! == $EINTR ? 'nothing' : 'failed';
}

sub pair {
    my ($name) = @_;
    # The folder may have been removed and made again.
    chdir $directory;
    sysopen(my $pipe, $name, $pipe_flags)         or return;
    sysopen(my $file, "$name.spool", $file_flags) or return;
    return -p $pipe && -f $file ? [$pipe, $file] : undef;
}

sub answer {
    my ($text) = @_;
    while (length $text) {
        my $length = syswrite(STDOUT, $text) or exit 0;
        substr($text, 0, $length) = '';
    }
}
