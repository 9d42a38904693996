# SPDX-License-Identifier: GPL-2.0-only
#
# The machine and the devices of the emulated test host (tests/host/run), beside
# those that the machine brings itself.
CONFIG_ARM_VIRT=y
CONFIG_VIRTIO_SERIAL=y
CONFIG_VIRTIO_9P=y
