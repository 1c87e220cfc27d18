# libdma
