/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * x86_guest.S - a guest without an operating system that walks a table which
 * libpgtbl has built: x86_image.c appends the table and a list of accesses.
 *
 * Physical memory: this file at 1 MiB, the list at LIST, tables above.  For every
 * access in the list the word (phys << 8 | 0xc3) is stored at its physical address
 * before paging is switched on; 0xc3 is a "ret".  Then each access is made; port
 * 0xe9 gets '.' if all went as the list says, 'F' if not, and '!' at the end.
 */
#define LOAD 0x100000
#define LIST 0x104000

/* The list: root, number of levels, number of accesses; then 32 bytes each. */
#define LIST_ROOT (LIST + 0)
#define LIST_LEVELS (LIST + 8)
#define LIST_COUNT (LIST + 16)
#define LIST_FIRST (LIST + 32)

#define READ 0
#define WRITE 1
#define FETCH 2
#define READ_SMAP 3 /* as a supervisor that may not touch user pages */

	.code32
	.text
	.globl _start
_start:
	.align 4
header:
	.long 0x1badb002, 0x10000, -(0x1badb002 + 0x10000)
	.long header, LOAD, 0, 0, entry

entry:
	cli
	mov $stack, %esp
	mov LIST_COUNT, %ecx
	mov $LIST_FIRST, %ebx
fill:
	mov 8(%ebx), %edi /* physical address, or ~0 */
	cmp $-1, %edi
	je 1f
	mov %edi, %eax
	shl $8, %eax
	or $0xc3, %eax
	mov %eax, (%edi)
	mov %edi, %eax
	shr $24, %eax
	mov %eax, 4(%edi)
1:	add $32, %ebx
	loop fill

	/* PAE, and 5 levels if asked for; the root; long mode with no-execute; paging, WP. */
	mov $0x20, %eax
	cmpl $5, LIST_LEVELS
	jne 1f
	or $0x1000, %eax
1:	mov %eax, %cr4
	mov LIST_ROOT, %eax
	mov %eax, %cr3
	mov $0xc0000080, %ecx
	rdmsr
	or $0x900, %eax
	wrmsr
	lgdt gdt_pointer
	mov %cr0, %eax
	or $0x80010000, %eax
	mov %eax, %cr0
	ljmp $8, $long_mode

	.code64
long_mode:
	xor %eax, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov $stack, %esp
	/* Vector 14; any other stops the guest, and the '!' is missing. */
	lea page_fault(%rip), %rax
	lea idt(%rip), %rdi
	mov %ax, 14 * 16(%rdi)
	movw $8, 14 * 16 + 2(%rdi)
	movw $0x8e00, 14 * 16 + 4(%rdi)
	shr $16, %rax
	mov %ax, 14 * 16 + 6(%rdi)
	lidt idt_pointer(%rip)

	mov LIST_COUNT, %r12d
	mov $LIST_FIRST, %ebx
next:
	mov (%rbx), %rsi    /* address */
	mov 16(%rbx), %rdx  /* access */
	mov 24(%rbx), %r13  /* 1: must fault */
	lea recover(%rip), %r15
	mov %rsp, %r14
	xor %ebp, %ebp      /* faults */
	mov 8(%rbx), %r8
	shl $8, %r8
	or $0xc3, %r8       /* what must be there */
	mov %r8, %rax
	cmp $WRITE, %rdx
	je write
	cmp $FETCH, %rdx
	je fetch
	cmp $READ_SMAP, %rdx
	jne 1f
	mov %cr4, %rcx
	or $0x200000, %rcx
	mov %rcx, %cr4
1:	mov (%rsi), %rax
	jmp recover
write:
	mov %r8, (%rsi)
	jmp recover
fetch:
	call *%rsi
recover:
	mov %r14, %rsp
	mov %cr4, %rcx
	and $~0x200000, %rcx
	mov %rcx, %cr4
	mov $'F', %ecx
	cmp %r13, %rbp
	jne 2f
	test %rbp, %rbp
	jnz 1f
	cmp %r8, %rax
	jne 2f
1:	mov $'.', %ecx
2:	mov %ecx, %eax
	out %al, $0xe9
	add $32, %rbx
	dec %r12d
	jnz next
	mov $'!', %al
	out %al, $0xe9
	xor %eax, %eax
	mov $0xf4, %dx
	out %al, %dx
1:	hlt
	jmp 1b

page_fault:
	mov %cr2, %rcx
	inc %ebp
	cmp %rsi, %rcx
	je 1f
	mov $99, %ebp /* a fault at another address */
1:	mov %r14, %rsp
	jmp *%r15

	.align 8
gdt:
	.quad 0, 0x00209a0000000000
gdt_pointer:
	.word 15
	.long gdt
	.align 8
idt:
	.fill 64, 8, 0
idt_pointer:
	.word 32 * 16 - 1
	.quad idt
	.align 16
	.fill 1024, 1, 0
stack:
